# SPDX-License-Identifier: BSD-3-Clause
"""The node VM: Debian 12 with users alice and bob, and the trees of three OSs: Debian 13, Debian 11
and a 32-bit Debian 12.

It boots with any kernel under test.  The module, the tools and the scripts come in the initramfs, whose
init copies them into the root file system.  All changes to the disks are discarded.

Others call disks(), os_disk(), archive(), unit() and scripts(); all but the last two raise Failure.
"""

import shutil
import tempfile
from pathlib import Path

from . import image, initramfs, tools, trees
from .kernels import TOP
from .progress import Failure, run
from . import cache

BOOT = Path(__file__).resolve().parent / "boot"
# Name of the OS -> tree.
OS_TREES = {"trixie": "os-trixie", "bullseye": "os-bullseye", "i386": "os-i386"}
_MODULES = ["virtio_pci", "virtio_blk", "ext4"]
# Modules that modprobe finds on every node: chosctl uses overlayfs, and a tree may be an image.
_ON_NODE = ("overlay", "loop", "squashfs", "erofs")
TESTS = "usr/lib/chos-tests"  # where the scripts are on the node
LIBRARY = TOP / "tests/vm/node/lib.sh"


def disks() -> tuple:
    """(the node's disk, the disk of the trees), made if the cache lacks them."""
    return (image.ext4("node", {"": trees.get("bookworm")}, spare=400), os_disk())


def os_disk(name: str = "", more: tuple = ()) -> Path:
    """The disk of the OSs' trees, made if the cache lacks it.

    name: the name of a disk with further trees.  more: these trees, (name of the OS, tree) each.
    """
    wanted = {**OS_TREES, **dict(more)}
    return image.ext4(f"os-{name}" if name else "os",
                      {os: trees.get(tree) for os, tree in wanted.items()}, spare=200)


def archive(kernel, files: dict, more_modules: tuple = ()) -> initramfs.Archive:
    """An initramfs that boots the node, with the module and the tools.

    files: further files, path on the node -> (content, mode), or (target, None) for a symbolic link.
    more_modules: kernel modules that modprobe should find on the node.
    """
    result = initramfs.base()
    result.file("init", BOOT / "node-init", 0o755)
    modules = kernel.modules(_MODULES)
    try:  # ext4 needs it, but modules.dep does not list it
        modules = kernel.modules(["crc32c_generic"]) + modules
    except Failure:
        pass  # newer kernels have it built in
    for name, data in modules:
        result.file(f"modules/{name}", data)
    result.file("modules/order", "".join(f"{name}\n" for name, _ in modules))
    for path, content in _module_folder(kernel, _ON_NODE + more_modules).items():
        result.file(f"payload/usr/{path}", content)  # Debian's /lib is a link to usr/lib
    for path, (content, mode) in tools.installed().items():
        result.file(f"payload{path}", content, mode)
    result.file(f"payload/{TESTS}/busybox", initramfs.busybox(), 0o755)
    for path, (content, mode) in files.items():
        if mode is None:
            result.link(f"payload/{path.lstrip('/')}", content)
        else:
            result.file(f"payload/{path.lstrip('/')}", content, mode)
    return result


def _module_folder(kernel, more_modules: tuple) -> dict:
    """The files of lib/modules/RELEASE on the node, chos.ko included: path -> bytes."""
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder) / "lib/modules" / kernel.release
        (top / "updates").mkdir(parents=True)
        shutil.copy(kernel.ko, top / "updates/chos.ko")
        (top / "kernel").mkdir()
        for name, data in kernel.modules(list(more_modules)):
            (top / "kernel" / name).write_bytes(data)
        for name in ("modules.builtin", "modules.order"):
            shutil.copy(kernel.modules_dir / name, top / name)
        run(["depmod", "-b", folder, kernel.release], "depmod", cache.logs() / "depmod.log")
        return {str(p.relative_to(folder)): p.read_bytes() for p in top.rglob("*") if p.is_file()}


def unit(name: str) -> dict:
    """Files for archive() that install and enable a systemd unit of boot/."""
    text = (BOOT / name).read_text()
    return {f"etc/systemd/system/{name}": (text, 0o644),
            f"etc/systemd/system/multi-user.target.wants/{name}": (f"../{name}", None)}


def scripts() -> dict:
    """The node cases: name of the case -> Path of its script."""
    return {f"node_{p.stem}": p for p in sorted((TOP / "tests/vm/node").glob("*.sh")) if p.stem != "lib"}
