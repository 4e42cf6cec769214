# SPDX-License-Identifier: BSD-3-Clause
"""A tree of busybox and a setuid program, as images that a node mounts read-only."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from . import cache, guest, host, initramfs, node
from .progress import run

_APPLETS = ("sh", "cat", "ls", "id", "readlink", "touch", "mkdir", "test", "ping")
# It lacks what trees made of container images lack: /etc/hosts, /etc/group, mail.
_DIRECTORIES = ("bin", "usr/local/bin", "usr/sbin", "etc", "var/log", "var/spool", "var/tmp", "var/lib",
                "root", "tmp")
_MAKERS = {
    "squashfs": lambda tree, image: ["mksquashfs", tree, image, "-all-root", "-noappend", "-quiet",
                                     "-no-progress"],
    "erofs": lambda tree, image: ["mkfs.erofs", "--all-root", image, tree],
}


def images() -> dict:
    """Kind of file system -> the bytes of an image with the tree in it."""
    host.need("images")
    with tempfile.TemporaryDirectory() as folder:
        made = {}
        for kind, command in _MAKERS.items():
            tree = Path(folder) / f"tree-{kind}"
            _fill(tree, kind)
            image = Path(folder) / kind
            run([str(part) for part in command(tree, image)], f"an image of {kind}",
                cache.logs() / f"image-{kind}.log")
            made[kind] = image.read_bytes()
        return made


def files() -> dict:
    """The images on a node: files for node.archive()."""
    return {f"{node.TESTS}/small.{kind}": (content, 0o644) for kind, content in images().items()}


def _fill(tree: Path, mark: str) -> None:
    for name in _DIRECTORIES:
        (tree / name).mkdir(parents=True)
    for name in ("tmp", "var/tmp"):
        (tree / name).chmod(0o1777)
    shutil.copy(initramfs.busybox(), tree / "bin/busybox")
    for name in _APPLETS:
        (tree / "bin" / name).symlink_to("busybox")
    (tree / "usr/sbin/sudo").write_text("#!/bin/sh\necho its own\n")
    (tree / "usr/sbin/sudo").chmod(0o755)
    # Says which rights it has: called "probe" it is that (guest/probe.cpp).
    (tree / "bin/raised").mkdir()
    shutil.copy(guest.build(), tree / "bin/raised/probe")
    (tree / "bin/raised/probe").chmod(0o4755)
    (tree / "etc/passwd").write_text("its own\n")
    (tree / "etc/mark").write_text(f"{mark}\n")
    (tree / "etc/os-release").write_text("ID=small\n")
    subprocess.run(["find", str(tree), "-exec", "touch", "-hd", "@1600000000", "{}", "+"], check=True)
