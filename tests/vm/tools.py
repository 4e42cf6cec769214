# SPDX-License-Identifier: BSD-3-Clause
"""The programs of user space, built by cmake in the cache, and installed into a folder there."""

import os
import shutil
import threading
from functools import lru_cache
from pathlib import Path

from . import cache, host
from .kernels import TOP
from .progress import run, say


def _folder(tests: bool) -> Path:
    kind = "tests" if tests else "tools"
    path = cache.root() / "build" / f"{kind}-{cache.key_of(str(TOP))}"
    path.mkdir(parents=True, exist_ok=True)
    return path


_lock = threading.RLock()


def build(tests: bool) -> Path:
    """Build everything (the unit tests too, if asked); the build folder.  Raises Failure."""
    with _lock:  # once, whoever asks first
        return _build(tests)


@lru_cache
def _build(tests: bool) -> Path:
    host.need("tools")
    folder = _folder(tests)
    log = cache.logs() / f"build-{'tests' if tests else 'tools'}.log"
    log.unlink(missing_ok=True)
    say("tools: building")
    run(["cmake", "-S", str(TOP), "-B", str(folder), "-G", "Ninja",
         # Without tests it is for a demonstration whose user waits: compiled as fast as can be.
         *(["-DCHOS_BUILD_TESTS=ON"] if tests else
           ["-DCHOS_BUILD_TESTS=OFF", "-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_CXX_FLAGS_RELEASE=-O1"]),
         "-DCMAKE_INSTALL_PREFIX=/usr",
         "-DCMAKE_INSTALL_SYSCONFDIR=/etc"], "cmake", log)
    run(["cmake", "--build", str(folder), "-j", "2"], "tools", log)
    say("tools: built")
    return folder


def installed(tests: bool) -> dict:
    """{path on the node: Path here} of all that `cmake --install` installs."""
    with _lock:
        return _installed(tests)


@lru_cache
def _installed(tests: bool) -> dict:
    folder = build(tests)
    stage = folder / "stage"
    shutil.rmtree(stage, ignore_errors=True)
    run(["cmake", "--install", str(folder), "--strip"], "tools: install",
        cache.logs() / "install.log", env={**os.environ, "DESTDIR": str(stage)})
    return {"/" + str(p.relative_to(stage)): p for p in stage.rglob("*") if p.is_file()}
