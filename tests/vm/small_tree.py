# SPDX-License-Identifier: BSD-3-Clause
"""small.squashfs and small.erofs: images of a small tree with busybox and a setuid program.

Others call files(), or images() for the content alone.  Both raise Failure.
"""

import shutil
import subprocess
import tempfile
from pathlib import Path

from . import cache, guest, host, initramfs, node
from .progress import run

_APPLETS = ("sh", "cat", "ls", "id", "readlink", "touch", "mkdir", "test", "ping")
# Like trees made of container images, it lacks /etc/hosts, /etc/group and /var/mail.
_DIRECTORIES = ("bin", "usr/local/bin", "usr/sbin", "etc", "var/log", "var/spool", "var/tmp", "var/lib",
                "root", "tmp")
_MAKERS = {
    "squashfs": lambda tree, image: ["mksquashfs", tree, image, "-all-root", "-noappend", "-quiet",
                                     "-no-progress"],
    "erofs": lambda tree, image: ["mkfs.erofs", "--all-root", image, tree],
}


def images() -> dict:
    """Kind of file system -> the bytes of an image of the tree."""
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
    """Files for node.archive() that put the images on a node."""
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
    # A setuid program that tells which rights it has: chos-guest, called as "probe" (guest/probe.cpp).
    (tree / "bin/raised").mkdir()
    shutil.copy(guest.build(), tree / "bin/raised/probe")
    (tree / "bin/raised/probe").chmod(0o4755)
    (tree / "etc/passwd").write_text("its own\n")
    (tree / "etc/mark").write_text(f"{mark}\n")
    (tree / "etc/os-release").write_text("ID=small\n")
    subprocess.run(["find", str(tree), "-exec", "touch", "-hd", "@1600000000", "{}", "+"], check=True)
