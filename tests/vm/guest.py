# SPDX-License-Identifier: BSD-3-Clause
"""chos-guest, the static program of the kernel cases (tests/vm/guest): builds it and lists its cases.

Others call build() and cases(); both raise Failure.
"""

import os
import subprocess
from pathlib import Path

from . import cache, host
from .kernels import TOP
from .progress import Failure, Parallel, run, say

FLAGS = ["-std=c++20", "-O1", "-Wall", "-Wextra", "-pthread"]


def sources() -> Path:
    """The directory of the program's sources; CHOS_GUEST in the environment overrides it."""
    return Path(os.environ.get("CHOS_GUEST", TOP / "tests/vm/guest"))


def build(more: Path | None = None) -> Path:
    """Path of the program in the cache; it is built if its sources have changed.  Raises Failure.

    more: a directory with the sources of further cases.
    """
    host.need("guest")
    folder = sources()
    units = [unit for one in ([folder, more] if more else [folder]) for unit in sorted(one.glob("*.cpp"))]
    if not units:
        raise Failure(f"no test program: {folder} has no .cpp file")
    headers = cache.files_under(TOP / "include") + sorted(folder.glob("*.h"))
    compiler = subprocess.run(["g++", "-dumpfullversion"], capture_output=True, text=True,
                              check=True).stdout
    common = cache.key_of(compiler, FLAGS, *headers)
    log = cache.logs() / "guest.log"
    log.unlink(missing_ok=True)

    def compile_unit(unit: Path) -> Path:
        def make(path: Path) -> None:
            run(["g++", *FLAGS, f"-I{TOP / 'include'}", f"-I{folder}", "-c", str(unit),
                 "-o", str(path / "unit.o")], f"test program: {unit.name}", log)
        beside = sorted(unit.parent.glob("*.h")) if unit.parent != folder else []
        return cache.entry("objects", unit.stem, cache.key_of(common, unit, *beside), make) / "unit.o"

    jobs = Parallel(2)
    for unit in units:
        jobs.start(unit.name, compile_unit, unit)
    objects = jobs.wait()

    def link(path: Path) -> None:
        run(["g++", "-static", "-pthread", "-o", str(path / "chos-guest"),
             *[str(objects[unit.name]) for unit in units]], "test program", log)
        say("test program for the VMs: built")

    key = cache.key_of(common, *units, *(sorted(more.glob("*.h")) if more else []))
    return cache.entry("guest", "chos-guest", key, link, keep=4) / "chos-guest"


def cases(program: Path, environment: dict) -> list:
    """The cases of the program, [(name, time limit in seconds)].  Raises Failure.

    environment: variables for the program, in addition to those of this process.
    """
    out = subprocess.run([program, "list"], capture_output=True, text=True, check=False,
                         env={**os.environ, **environment})
    if out.returncode != 0:
        raise Failure(f"`chos-guest list` exited with {out.returncode}: {out.stderr.strip()}")
    found = []
    for line in out.stdout.splitlines():
        fields = line.split()
        if len(fields) != 2 or not fields[1].isdigit():
            raise Failure(f"`chos-guest list` printed {line!r}; expected: NAME SECONDS")
        found.append((fields[0], int(fields[1])))
    return found
