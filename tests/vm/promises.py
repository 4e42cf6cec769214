# SPDX-License-Identifier: BSD-3-Clause
"""The promises of SECURITY.md: each must name tests that exist.

check() is part of what `tests/run rooms` runs.  problems() takes any page and any names of tests, so that
the check itself can be tested.
"""

import fnmatch
import re
import time
from pathlib import Path

from . import node
from .kernels import TOP
from .progress import say
from .results import Outcome

_PROMISE = re.compile(r"^\| (?!promise )([^|]+) \|([^|]*)\|$", re.M)
_UNIT_TEST = re.compile(r"^TEST(?:_F)?\((\w+), (\w+)\)", re.M)
_GUEST_CASE = re.compile(r"^\w*CASE\((\w+),", re.M)


def check() -> list:
    """An outcome; every line of what is wrong is said."""
    began = time.monotonic()
    found = problems((TOP / "SECURITY.md").read_text(), tests(TOP))
    for line in found:
        say(f"promises: {line}")
    if found:
        return [Outcome("rooms", "promises", "FAIL", 0.0, found[0])]
    return [Outcome("rooms", "promises", "PASS", time.monotonic() - began)]


def tests(top: Path) -> set:
    """The names of all unit tests and of all cases, and "tests/run PART" for the parts of tests/run."""
    names = set()
    for folder in ("tools", "pam", "jobstarter"):
        for path in (top / folder).rglob("*_test.cpp"):
            names |= {f"{suite}.{name}" for suite, name in _UNIT_TEST.findall(path.read_text())}
    for folder in ("tests/vm/guest", "tests/vm/debug"):
        for path in (top / folder).glob("*.cpp"):
            names |= set(_GUEST_CASE.findall(path.read_text()))
    names |= set(node.scripts())
    for folder in (top / "tests/vm").iterdir():
        if (folder / "set-up.sh").exists():
            names |= {f"{folder.name}_{path.stem}" for path in folder.glob("*.sh")}
    names |= {f"tests/run {part}" for part in
              re.findall(r"^  tests/run ([a-z]+)", (top / "tests/vm/main.py").read_text(), re.M)}
    return names


def problems(page: str, known: set) -> list:
    """What is wrong with the tables of promises, a line each."""
    table = page.split("## Promises")[-1].split("## Not promised")[0]
    out = [] if _PROMISE.search(table) else ["SECURITY.md has no table of promises"]
    for promise, cell in _PROMISE.findall(table):
        named = re.findall(r"`([^`]+)`", cell)
        if not named and set(promise) != {"-"}:
            out.append(f"SECURITY.md names no test of: {promise}")
        out += [f"SECURITY.md names {name}, and there is no such test" for name in named
                if not fnmatch.filter(known, name)]
    return out
