# SPDX-License-Identifier: BSD-3-Clause
"""The rules of ARCHITECTURE.md, checked against the includes of the sources.

check() is what `tests/run rooms` runs.  The page is the only place that says which room may include
which: its table and its picture are read, nothing of them is repeated here.  problems() takes any
tree with such a page, so that the check itself can be tested.
"""

import re
import time
from pathlib import Path

from .kernels import TOP
from .progress import Failure, say
from .results import Outcome

_LIBRARY = "tools/lib"
_ROW = re.compile(r"^\| `([a-z-]+/(?:[a-z-]+/)*)` \|[^|]*\|([^|]*)\|", re.M)
_FLOOR = re.compile(r"^ *(\d+) +((?:[a-z/-]+ *)+)$", re.M)
_INCLUDE = re.compile(r'^#include "([^"]+)"', re.M)


def check() -> list:
    """An outcome; every line of what is wrong is said."""
    began = time.monotonic()
    found = problems(TOP)
    for line in found:
        say(f"rooms: {line}")
    if found:
        return [Outcome("rooms", "includes", "FAIL", 0.0, found[0])]
    say("rooms: every include is in the table of ARCHITECTURE.md")
    return [Outcome("rooms", "includes", "PASS", time.monotonic() - began)]


def problems(top: Path) -> list:
    """What breaks the rules, a line each.  Raises Failure if the page has no table."""
    page = (top / "ARCHITECTURE.md").read_text()
    table = _table(page)
    sources = _sources(top)
    used = {}
    out = []
    for path, included in sources.items():
        folder = _folder_of(path, table)
        if folder is None:
            out.append(f"{path} is in no room of ARCHITECTURE.md")
            continue
        for line, target in included:
            other = _folder_of(target, table)
            if other is None or other == folder:
                continue
            if other in table[folder]:
                used.setdefault(folder, set()).add(other)
            else:
                out.append(f"{path}:{line} includes {target}: the table of ARCHITECTURE.md does not let"
                           f" {folder} include {other}")
    out += _circles(sources)
    out += _without_header(top, sources)
    out += _picture(page, table, used)
    out += _libraries(top, table)
    return out


def _table(page: str) -> dict:
    """{folder: the folders that it may include, and those that they may include}."""
    rows = {name: set(re.findall(r"`([a-z-]+/(?:[a-z-]+/)*)`", cells)) for name, cells in _ROW.findall(page)}
    if not rows:
        raise Failure("ARCHITECTURE.md has no table of rooms")
    full = {_full(name): {_full(other) for other in may} for name, may in rows.items()}
    unknown = {other for may in full.values() for other in may} - set(full)
    if unknown:
        raise Failure(f"the table of ARCHITECTURE.md has no row for {', '.join(sorted(unknown))}")
    changed = True
    while changed:
        changed = False
        for may in full.values():
            more = set().union(*(full[other] for other in may)) - may if may else set()
            changed = changed or bool(more)
            may |= more
    circle = sorted(name for name, may in full.items() if name in may)
    if circle:
        raise Failure(f"the table of ARCHITECTURE.md lets {', '.join(circle)} include each other")
    return full


def _full(name: str) -> str:
    """"mount/" is tools/lib/mount; a folder elsewhere is named in full."""
    name = name.rstrip("/")
    return name if "/" in name or name in ("pam", "include") else f"{_LIBRARY}/{name}"


def _short(folder: str) -> str:
    return folder.removeprefix(_LIBRARY + "/").removeprefix("tools/")


def _is_source(path: Path) -> bool:
    return path.suffix in (".cpp", ".h") and not re.search(r"_(test|fixture)\.", path.name)


def _sources(top: Path) -> dict:
    """{path: [(line, path of what it includes)]} of what is built, without the tests."""
    paths = [path for folder in ("tools", "pam", "jobstarter") for path in sorted((top / folder).rglob("*"))
             if _is_source(path)]
    known = {str(path.relative_to(top)) for path in paths}
    roots = ("", f"{_LIBRARY}/", "tools/", "jobstarter/")
    out = {}
    for path in paths:
        text = path.read_text()
        included = []
        for match in _INCLUDE.finditer(text):
            found = [root + match[1] for root in roots if root + match[1] in known]
            if found:
                included.append((text.count("\n", 0, match.start()) + 1, found[0]))
        out[str(path.relative_to(top))] = included
    return out


def _folder_of(path: str, table: dict) -> str | None:
    folder = path.rsplit("/", 1)[0]
    return folder if folder in table else None


def _unit(path: str) -> str:
    return path.rsplit(".", 1)[0]


def _circles(sources: dict) -> list:
    """Units (a header and the source of its name) that include each other, however indirectly."""
    graph = {}
    for path, included in sources.items():
        graph.setdefault(_unit(path), set()).update(_unit(target) for _, target in included)
    for unit, others in graph.items():
        others.discard(unit)
    done, out = set(), []

    def walk(unit: str, way: list) -> None:
        if unit in way:
            out.append("these include each other: " + " -> ".join(way[way.index(unit):] + [unit]))
            return
        if unit in done:
            return
        for other in sorted(graph.get(unit, ())):
            walk(other, way + [unit])
        done.add(unit)

    for unit in sorted(graph):
        walk(unit, [])
    return out


def _without_header(top: Path, sources: dict) -> list:
    """Sources of the library that do not begin with the header of their name."""
    out = []
    for path in sources:
        if not path.startswith(_LIBRARY + "/") or not path.endswith(".cpp"):
            continue
        header = path.removesuffix(".cpp") + ".h"
        text = (top / path).read_text()
        if not (top / header).exists():
            if not re.search(r"^// No header of its own: ", text, re.M):
                out.append(f"{path} has no {header.rsplit('/', 1)[1]}: a header is implemented by the source"
                           " of its own name")
        elif not re.search(rf'\A(//.*\n|\n)*#include "{re.escape(header.removeprefix(_LIBRARY + "/"))}"', text):
            out.append(f"{path} does not include its own header first")
    return out


def _floors(used: dict, names: set) -> dict:
    floors = {}

    def floor(name: str) -> int:
        if name not in floors:
            floors[name] = 1 + max((floor(other) for other in used.get(name, ())), default=0)
        return floors[name]

    for name in names:
        floor(name)
    return floors


def _picture(page: str, table: dict, used: dict) -> list:
    """The floors of the picture must be those of the includes."""
    drawn = {name: int(number) for number, names in _FLOOR.findall(page) for name in names.split()}
    found = {_short(name): floor for name, floor in _floors(used, set(table)).items()}
    out = []
    for name in sorted(set(found) | set(drawn)):
        if found.get(name) != drawn.get(name):
            out.append(f"the picture of ARCHITECTURE.md has {name} on floor {drawn.get(name, 'none')}, the"
                       f" includes on {found.get(name, 'none')}")
    return out


def _libraries(top: Path, table: dict) -> list:
    """What a room's library is linked with must be in its row."""
    out = []
    for folder, may in table.items():
        file = top / folder / "CMakeLists.txt"
        uses = re.search(r"^ *USES ([a-z \n]+?)\)?\n? *(?:[A-Z]|\Z|\))", file.read_text(), re.M) \
            if folder.startswith(_LIBRARY + "/") and file.exists() else None
        for name in uses[1].split() if uses else ():
            if f"{_LIBRARY}/{name}" not in may:
                out.append(f"{folder}/CMakeLists.txt links {name}, which is not in its row of ARCHITECTURE.md")
    return out
