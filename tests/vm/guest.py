# SPDX-License-Identifier: BSD-3-Clause
"""The static test program that runs inside the kernel-case VMs: build it, list its cases."""

import os
import subprocess
from pathlib import Path

from . import cache, host
from .kernels import TOP
from .progress import Failure, Parallel, run, say

FLAGS = ["-std=c++20", "-O1", "-Wall", "-Wextra", "-pthread"]


def sources() -> Path:
    """Where the program's sources are (CHOS_GUEST overrides it)."""
    return Path(os.environ.get("CHOS_GUEST", TOP / "tests/vm/guest"))


def build() -> Path:
    """The program's path in the cache; built if the sources have changed.  Raises Failure."""
    host.need("guest")
    folder = sources()
    units = sorted(folder.glob("*.cpp"))
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
        return cache.entry("objects", unit.stem, cache.key_of(common, unit), make) / "unit.o"

    jobs = Parallel(2)
    for unit in units:
        jobs.start(unit.name, compile_unit, unit)
    objects = jobs.wait()

    def link(path: Path) -> None:
        run(["g++", "-static", "-pthread", "-o", str(path / "chos-guest"),
             *[str(objects[unit.name]) for unit in units]], "test program", log)
        say("test program for the VMs: built")

    key = cache.key_of(common, *units)
    return cache.entry("guest", "chos-guest", key, link) / "chos-guest"


def cases(program: Path, environment: dict) -> list:
    """[(name, seconds)] that the program has."""
    out = subprocess.run([program, "list"], capture_output=True, text=True, check=False,
                         env={**os.environ, **environment})
    if out.returncode != 0:
        raise Failure(f"`chos-guest list` ended with {out.returncode}: {out.stderr.strip()}")
    found = []
    for line in out.stdout.splitlines():
        fields = line.split()
        if len(fields) != 2 or not fields[1].isdigit():
            raise Failure(f"`chos-guest list` says {line!r}; expected: NAME SECONDS")
        found.append((fields[0], int(fields[1])))
    return found
