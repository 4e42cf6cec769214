# SPDX-License-Identifier: BSD-3-Clause
"""Initial RAM file systems, written directly in the kernel's newc format.

An archive is made in milliseconds, so none is cached, and its device nodes need no root.

Others call base(), which returns an Archive to add files to, and busybox().  Both raise Failure if
busybox cannot be fetched.
"""

import stat
import subprocess
from functools import lru_cache
from pathlib import Path

from . import mirror


class Archive:
    """A cpio archive that is being made.  Parent directories are added automatically."""

    def __init__(self):
        self._entries = {}  # path -> (mode, data, major, minor)

    def directory(self, path: str, mode: int = 0o755) -> None:
        """Add a directory."""
        self._put(path, stat.S_IFDIR | mode, b"")

    def file(self, path: str, content, mode: int = 0o644) -> None:
        """Add a file.  content: the Path of a file on this machine, bytes, or text."""
        if isinstance(content, Path):
            content = content.read_bytes()
        elif isinstance(content, str):
            content = content.encode()
        self._put(path, stat.S_IFREG | mode, content)

    def link(self, path: str, target: str) -> None:
        """Add a symbolic link."""
        self._put(path, stat.S_IFLNK | 0o777, target.encode())

    def device(self, path: str, major: int, minor: int, mode: int = 0o600) -> None:
        """Add a character device."""
        self._put(path, stat.S_IFCHR | mode, b"", major, minor)

    def build(self) -> bytes:
        """The archive's bytes, for qemu's -initrd.  Archives may be concatenated."""
        parts = []
        for number, (name, (mode, data, major, minor)) in enumerate(self._entries.items(), 1):
            parts += _record(number, name, mode, data, major, minor)
        parts += _record(0, "TRAILER!!!", 0, b"", 0, 0)
        return b"".join(parts)

    def _put(self, path: str, mode: int, data: bytes, major: int = 0, minor: int = 0) -> None:
        name = path.strip("/")
        parent = name.rpartition("/")[0]
        if parent and parent not in self._entries:
            self.directory(parent)
        self._entries.pop(name, None)
        self._entries[name] = (mode, data, major, minor)


def _record(number: int, name: str, mode: int, data: bytes, major: int, minor: int) -> list:
    links = 2 if stat.S_ISDIR(mode) else 1
    fields = (number, mode, 0, 0, links, 0, len(data), 0, 0, major, minor, len(name) + 1, 0)
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
    return [head + b"\0" * (-len(head) % 4), data, b"\0" * (-len(data) % 4)]


@lru_cache
def busybox() -> Path:
    """Path of a static busybox of this machine's suite.  Raises Failure."""
    return mirror.package_files("busybox-static") / "bin/busybox"


@lru_cache
def _applets() -> tuple:
    out = subprocess.run([busybox(), "--list"], capture_output=True, text=True, check=True)
    return tuple(out.stdout.split())


def base() -> Archive:
    """An archive with busybox, links for its applets in /bin, /dev/console, and empty directories."""
    archive = Archive()
    for name in ("bin", "dev", "proc", "sys", "run", "etc", "lib", "mnt", "root"):
        archive.directory(name)
    archive.directory("tmp", 0o1777)
    archive.link("sbin", "bin")
    archive.device("dev/console", 5, 1)
    archive.file("bin/busybox", busybox(), 0o755)
    for applet in _applets():
        if applet != "busybox":
            archive.link(f"bin/{applet}", "busybox")
    return archive
