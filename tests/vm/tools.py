# SPDX-License-Identifier: BSD-3-Clause
"""The programs of user space, built by cmake in the cache, and installed into a folder there."""

import fcntl
import os
import shutil
import threading
from functools import lru_cache
from pathlib import Path

from . import cache, host, mirror, qemu
from .kernels import TOP
from .progress import run, say


# Compiled quickly: somebody waits, and the figures of tests/bench are the module's.
_CONFIGURE = ["-G", "Ninja", "-DCHOS_BUILD_TESTS=ON", "-DCMAKE_BUILD_TYPE=Release",
              "-DCMAKE_CXX_FLAGS_RELEASE=-O1", "-DCMAKE_INSTALL_PREFIX=/usr"]
# Beside this machine's own: 24.11 and the newest.
_SLURM_SUITES = ("trixie", "sid")
_lock = threading.RLock()


def _folder() -> Path:
    path = cache.root() / "build" / f"tools-{cache.key_of(str(TOP))}"
    path.mkdir(parents=True, exist_ok=True)
    return path


def build(tests: bool, slurms: bool = False) -> Path:
    """Build the programs, and the unit tests too if asked; the build folder.  Raises Failure.

    slurms: spank_chos for all the releases of Slurm too.
    """
    with _lock:  # once, whoever asks first
        return _build(tests, slurms)


@lru_cache
def _build(tests: bool, slurms: bool) -> Path:
    host.need("tools")
    more = [str(mirror.suite_files("libslurm-dev", suite) / "usr/include")
            for suite in _SLURM_SUITES] if slurms else []
    what = "tools and unit tests" if tests else "tools"
    folder = _folder()
    log = cache.logs() / f"build-{what.split()[-1]}.log"
    log.unlink(missing_ok=True)
    with open(folder / ".lock", "a", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another run may be at it
        say(f"{what}: building")
        run(["cmake", "-S", str(TOP), "-B", str(folder), *_CONFIGURE,
             f"-DCHOS_SLURM_MORE_INCLUDES={';'.join(more)}"], "cmake", log)
        # Without the tests: all that stands in directories beside theirs.
        parts = [f"{p.parent.name}/all" for p in sorted(TOP.glob("*/CMakeLists.txt"))
                 if p.parent.name != "tests" and (folder / p.parent.name).is_dir()]
        targets = ["all"] if tests else parts
        run(["cmake", "--build", str(folder), "-j", "2", "--target", *targets], what, log)
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
