# SPDX-License-Identifier: BSD-3-Clause
"""Disk images with an ext4 file system, made from trees by `mke2fs -d` without mounting the image.

Others call ext4(), which raises Failure.
"""

import os
import subprocess
from pathlib import Path

from . import cache, host
from .progress import elapsed, run, say

# Directories that images leave out: they are only needed to build kernel modules.
LEAVE_OUT = ("usr/src", "lib/modules", "usr/lib/modules")
_MKFS = ["mke2fs", "-q", "-F", "-t", "ext4", "-m", "0", "-L", "chos",
         "-O", "^metadata_csum,^resize_inode", "-E", "lazy_itable_init=1,lazy_journal_init=1"]


def ext4(name: str, parts: dict, spare: int) -> Path:
    """Path of an image that holds these trees; it is made if the cache lacks it.  Raises Failure.

    parts: path in the image ("" for its root) -> trees.Tree or sources.Store.  spare: free space, MiB.
    """
    host.need("trees")
    key = cache.key_of(_MKFS, LEAVE_OUT, spare,
                       *[x for place, tree in parts.items() for x in (place, tree.key)])
    return cache.entry("images", name, key, lambda path: _make(path, name, parts, spare),
                       keep=1) / "disk.img"


def _make(path: Path, name: str, parts: dict, spare: int) -> None:
    began = elapsed()
    stage = path / "stage"
    stage.mkdir()
    mounts = ["set -e", "mount --make-rprivate /"]
    size = spare
    for place, tree in parts.items():
        target = stage / place
        if place:
            target.mkdir(parents=True)
        mounts.append(f"mount --bind '{tree.root}' '{target}'")
        for out in LEAVE_OUT:
            if (tree.root / out).is_dir() and not (tree.root / out).parent.is_symlink():
                mounts.append(f"mount -t tmpfs -o mode=755 tmpfs '{target}/{out}'")
        size += _megabytes(tree.root)
    disk = path / "disk.img"
    with open(disk, "wb") as image:
        image.truncate(size * 1024 * 1024)
    mounts.append(f"exec {' '.join(_MKFS)} -d '{stage}' '{disk}'")
    log = cache.logs() / f"image-{name}.log"
    log.unlink(missing_ok=True)
    run(["unshare", "-m", "sh", "-c", "\n".join(mounts)], f"image {name}", log)
    for folder in sorted(stage.rglob("*"), reverse=True):
        folder.rmdir()
    stage.rmdir()
    say(f"image {name}: made in {elapsed() - began:.0f} s,"
        f" {os.stat(disk).st_blocks // 2048} MiB")


def _megabytes(tree: Path) -> int:
    """The MiB that a tree needs, including some for the metadata of the file system."""
    out = subprocess.run(["du", "-sm", str(tree)], capture_output=True, text=True, check=True)
    return int(int(out.stdout.split()[0]) * 1.1) + 32
