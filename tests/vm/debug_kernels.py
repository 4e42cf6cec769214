# SPDX-License-Identifier: BSD-3-Clause
"""Kernels with detectors, built from Debian's sources, and the module built for each of them.

    k = debug_kernels.get("6.1", "kasan")    name, release, vmlinuz, ko, broken_ko

A kernel has the options of debug/base.config, of debug/FLAVOUR.config, and of
debug/FLAVOUR-VERSION.config if there is one, and no others.  It is built by this machine's compiler,
two jobs at a time, and cached under a hash of the sources, the options and the compiler, with what
the build of a module needs.

Others call get() and use VERSIONS and FLAVOURS.  get(), Kernel.ko and Kernel.broken_ko raise Failure.
"""

import hashlib
import os
import re
import shutil
import subprocess
import time
from functools import cached_property, lru_cache
from pathlib import Path

from . import cache, host, mirror
from .kernels import TOP, copy_sources, module_sources
from .progress import Failure, run, say

FOLDER = Path(__file__).resolve().parent / "debug"
# Version -> the suite that has its sources.
VERSIONS = {"6.1": "bookworm", "6.12": "trixie"}
FLAVOURS = ("kasan", "kcsan", "ubsan")
_JOBS = "2"
# Parts of the sources that no kernel here is built from.  Their Kconfig files stay, because others name them.
_UNUSED = ["Documentation/*.rst", "Documentation/*.yaml", "Documentation/*.txt", "tools/perf", "tools/testing",
           "drivers/gpu/*.[ch]", "drivers/media/*.[ch]", "drivers/net/ethernet/*.[ch]",
           "drivers/net/wireless/*.[ch]", "drivers/staging/*.[ch]",
           "drivers/infiniband/*.[ch]", "drivers/scsi/*.[ch]", "sound/*.[ch]", "arch/*/boot/dts"]


class Kernel:
    """A kernel with detectors."""

    def __init__(self, version: str, flavour: str, path: Path):
        self.version = version
        self.flavour = flavour
        self.name = f"{version}-{flavour}"
        self.build = path / "build"
        self.vmlinuz = path / "bzImage"
        self.release = (self.build / "include/config/kernel.release").read_text().strip()
        self._key = path.name

    @cached_property
    def ko(self) -> Path:
        """chos.ko for this kernel; built on first use, with W=1, of which a warning is a failure."""
        return self._module("modules", [])

    @cached_property
    def broken_ko(self) -> Path:
        """chos.ko with debug/broken.c: the mistakes that a kernel with detectors must report."""
        return self._module("broken-modules", [FOLDER / "broken.c"])

    def _module(self, kind: str, more: list) -> Path:
        top = Path(os.environ.get("CHOS_KMOD", TOP))
        sources = module_sources(top)
        key = cache.key_of(self._key, *[x for p in sources for x in (str(p.relative_to(top)), p)], *more)

        def build(path: Path) -> None:
            work = path / "work"
            copy_sources(sources, top, work)
            for source in more:
                shutil.copy2(source, work / "kmod")
                with open(work / "kmod/Kbuild", "a", encoding="utf-8") as kbuild:
                    kbuild.write(f"chos-y += {source.stem}.o\n")
            log = cache.logs() / f"module-{self.name}.log"
            log.unlink(missing_ok=True)
            run(["make", "-j", _JOBS, "-C", str(self.build), f"M={work / 'kmod'}", "W=1", "modules"],
                f"module for {self.name}", log)
            complaints = [line for line in log.read_text(errors="replace").splitlines()
                          if re.match(rf"{re.escape(str(work))}.*(warning|error):", line)]
            if complaints:
                raise Failure(f"module for {self.name}: {complaints[0]}")
            (work / "kmod/chos.ko").rename(path / "chos.ko")
            shutil.rmtree(work)
            say(f"module for {self.name}: built")

        return cache.entry(kind, self.name, key, build) / "chos.ko"


@lru_cache
def get(version: str, flavour: str) -> Kernel:
    """A kernel of VERSIONS with the detectors of a flavour; it is built if the cache lacks it.

    Raises Failure, also if the mirror has no such sources.
    """
    host.need("kernel")
    archive = _archive(version)
    options = _options(version, flavour)
    compiler = subprocess.run(["gcc", "--version"], capture_output=True, text=True, check=True).stdout
    # Building a module needs the sources too, at the path where the kernel was built from them.
    source = cache.entry("kernel-sources", version, cache.key_of(_hash(archive), repr(_UNUSED)),
                         lambda path: _unpack(archive, path, version), keep=1)
    key = cache.key_of(str(source), compiler, *options)
    label = f"kernel {version}-{flavour}"
    path = cache.entry("debug-kernels", f"{version}-{flavour}", key,
                       lambda path: _build(source, options, path, label), keep=1)
    return Kernel(version, flavour, path)


def _archive(version: str) -> Path:
    """The archive of a kernel's sources.  Raises Failure."""
    root = mirror.suite_files(f"linux-source-{version}", VERSIONS[version])
    archive = root / f"usr/src/linux-source-{version}.tar.xz"
    if not archive.exists():
        raise Failure(f"the package linux-source-{version} of {VERSIONS[version]} has no {archive.name}")
    return archive


def _hash(file: Path) -> str:
    """A hash of a large file."""
    with open(file, "rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _options(version: str, flavour: str) -> list:
    """The files with the options of a kernel."""
    there = [FOLDER / "base.config", FOLDER / f"{flavour}.config", FOLDER / f"{flavour}-{version}.config"]
    return [file for file in there if file.exists()]


def _unpack(archive: Path, path: Path, version: str) -> None:
    log = cache.logs() / f"kernel-sources-{version}.log"
    log.unlink(missing_ok=True)
    run(["tar", "-C", str(path), "--strip-components=1", "-xJf", str(archive), "--wildcards",
         *[f"--exclude=*/{pattern}" for pattern in _UNUSED]], f"sources of kernel {version}", log)


def _build(source: Path, options: list, path: Path, label: str) -> None:
    build = path / "build"
    build.mkdir()
    log = cache.logs() / f"{label.replace(' ', '-')}.log"
    log.unlink(missing_ok=True)
    wanted = build / "wanted.config"
    wanted.write_text("".join(file.read_text() for file in options))
    make = ["make", "-C", str(source), f"O={build}"]
    environment = {**os.environ, "KCONFIG_ALLCONFIG": str(wanted), "KBUILD_BUILD_TIMESTAMP": "1970-01-01"}
    run([*make, "allnoconfig"], f"{label}: configuring", log, env=environment)
    _check_options(wanted, build / ".config", label)
    say(f"{label}: building it, once; seven minutes on two idle processors")
    began = time.monotonic()
    _make(["nice", *make, f"-j{_JOBS}", "bzImage", "modules"], label, log, environment)
    shutil.copy2(build / "arch/x86/boot/bzImage", path / "bzImage")
    _strip(build)
    say(f"{label}: built in {time.monotonic() - began:.0f} s")


def _check_options(wanted: Path, taken: Path, label: str) -> None:
    """Raises Failure if the kernel's configuration dropped an option."""
    there = set(taken.read_text().splitlines())
    lost = [line for line in wanted.read_text().splitlines() if line.startswith("CONFIG_") and line not in there]
    if lost:
        raise Failure(f"{label}: these options of tests/vm/debug did not take effect: {', '.join(lost)}")


def _make(command: list, label: str, log: Path, environment: dict) -> None:
    """Build, and say how many files were compiled.  Raises Failure, which names the first error."""
    def state() -> str:
        compiled = re.findall(r"^  CC +(\S+)", log.read_text(errors="replace"), re.MULTILINE)
        return f"{len(compiled)} files, {compiled[-1] if compiled else 'starting'}"

    try:
        run(command, label, log, env=environment, state=state)
    except Failure as failure:
        errors = re.findall(r"^.*(?: error: | \*\*\* ).*$", log.read_text(errors="replace"), re.MULTILINE)
        raise Failure(f"{label}: {errors[0]}; see {log}" if errors else str(failure)) from failure


def _strip(build: Path) -> None:
    """Remove what neither booting nor building a module needs."""
    for file in build.rglob("*"):
        parts = file.relative_to(build).parts
        if parts[0] in ("scripts", "tools") or file.name == "vmlinux.symvers" or not file.is_file():
            continue
        if file.suffix in (".o", ".a", ".cmd", ".d") or file.name.startswith("vmlinux"):
            file.unlink()
