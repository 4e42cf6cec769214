# SPDX-License-Identifier: BSD-3-Clause
"""The programs of user space, built by cmake in the cache, and installed into a folder there."""

import fcntl
import os
import re
import shutil
import threading
from functools import lru_cache
from pathlib import Path

from . import cache, host, mirror, qemu
from .kernels import TOP
from .progress import Failure, run, say


_CONFIGURE = ["-DCMAKE_INSTALL_PREFIX=/usr"]
# The preset of what VMs get.  A person waits for it, so it is the one that compiles fastest.
_preset = "dev"
# Beside this machine's own, bookworm's; and the releases of Slurm that the plugins are to be built for.
_SLURM_SUITES = ("trixie", "sid")
_SLURM_RELEASES = ("22.05", "24.11", "26.05")  # sid may have gone on
_lock = threading.RLock()
_built = set()  # the arguments of the builds that were asked for


def _folder(preset: str) -> Path:
    """One for each checkout, so that a change to one source rebuilds what depends on it alone."""
    path = cache.root() / "build" / f"{preset}-{cache.key_of(str(TOP))}"
    path.mkdir(parents=True, exist_ok=True)
    return path


def measure() -> None:
    """Build the programs optimised, as users install them, from now on: their cost is measured."""
    global _preset
    _preset = "release"


def build(tests: bool, slurms: bool = False, preset: str | None = None) -> Path:
    """Build the programs, and the unit tests too if asked.  Returns the build folder, raises Failure.

    slurms: builds spank_chos for all the releases of Slurm too.  preset: of CMakePresets.json; by default
    that of the programs in VMs.
    """
    preset = preset or _preset
    with _lock:  # once, whoever asks first
        # What was built with the tests has the programs too.  Configuring it again would change files that ctest
        # is reading now.
        whole = (True, True, preset)
        if whole in _built:
            return _build(*whole)
        _built.add((tests, slurms, preset))
        return _build(tests, slurms, preset)


def configure(preset: str, *options: str) -> Path:
    """A build folder with compile_commands.json, in which nothing is built.  Raises Failure."""
    host.need("tools")
    folder = cache.root() / "build" / f"commands-{cache.key_of(str(TOP))}"
    folder.mkdir(parents=True, exist_ok=True)
    log = cache.logs() / "configure.log"
    log.unlink(missing_ok=True)
    run(["cmake", "--preset", preset, *_CONFIGURE, "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON",
         "-DCMAKE_UNITY_BUILD=OFF", *options,
         "-S", str(TOP), "-B", str(folder)], "cmake", log, cwd=TOP)
    return folder


def _own_slurm(folder: Path) -> str:
    found = re.search(r"^CHOS_SLURM_INCLUDE:PATH=(/.*)$", (folder / "CMakeCache.txt").read_text(), re.M)
    if not found:
        raise Failure("cmake has found no slurm/spank.h on this machine: spank_chos.so is left out")
    return found[1]


def slurm_release(include: str) -> str:
    """"24.11", of the headers there.  Raises Failure."""
    header = Path(include) / "slurm/slurm_version.h"
    found = re.search(r"VERSION_NUMBER 0x(..)(..)", header.read_text() if header.is_file() else "")
    if not found:
        raise Failure(f"{header} says no release of Slurm")
    return ".".join(f"{int(part, 16):02}" for part in found.groups())


def _check_slurms(includes: list) -> None:
    """Raises Failure if the plugins would not be those for _SLURM_RELEASES."""
    there = [slurm_release(include) for include in includes]
    if there[:2] != list(_SLURM_RELEASES[:2]) or there[2] < _SLURM_RELEASES[2]:
        raise Failure(f"spank_chos is to be built for Slurm {', '.join(_SLURM_RELEASES)} or newer, and the "
                      f"headers of this machine and of {' and '.join(_SLURM_SUITES)} are those of "
                      f"{', '.join(there)}")


@lru_cache
def _build(tests: bool, slurms: bool, preset: str) -> Path:
    host.need("tools")
    more = [str(mirror.suite_files("libslurm-dev", suite) / "usr/include")
            for suite in _SLURM_SUITES] if slurms else []
    what = "tools and unit tests" if tests else "tools"
    if preset != "dev":
        what += f" ({preset})"
    folder = _folder(preset)
    log = cache.logs() / f"build-{preset}-{'tests' if tests else 'tools'}.log"
    log.unlink(missing_ok=True)
    with open(folder / ".lock", "a", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another run may be at it
        say(f"{what}: building")
        run(["cmake", "--preset", preset, *_CONFIGURE, "-S", str(TOP), "-B", str(folder),
             f"-DCHOS_SLURM_MORE_INCLUDES={';'.join(more)}"], "cmake", log, cwd=TOP)
        if slurms:
            _check_slurms([_own_slurm(folder), *more])
        target = "all" if tests else "programs"
        run(["cmake", "--build", str(folder), "-j", "2", "--target", target], what, log)
    say(f"{what}: built")
    return folder


def plugin_for_slurm(release: str) -> bytes:
    """spank_chos.so for a release of Slurm, "24.11"."""
    return (build(False, True) / f"jobstarter/spank/spank_chos-{release}.so").read_bytes()


def installed() -> dict:
    """{path on the node: (bytes, mode)} of all that `cmake --install` installs."""
    with _lock:
        return _installed()


@lru_cache
def _installed() -> dict:
    folder = build(False)
    stage = qemu.run_folder() / "install"
    run(["cmake", "--install", str(folder), "--strip"], "tools: install",
        cache.logs() / "install.log", env={**os.environ, "DESTDIR": str(stage)})
    files = {}
    for path in sorted(p for p in stage.rglob("*") if p.is_file()):
        files["/" + str(path.relative_to(stage))] = (path.read_bytes(), path.stat().st_mode & 0o777)
    shutil.rmtree(stage)
    return files
