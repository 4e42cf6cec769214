# SPDX-License-Identifier: BSD-3-Clause
"""The node VM: Debian 12 with users alice and bob, and trees of Debian 13 and 11, and of a 32-bit
Debian 12, to switch to.

Its kernel is any of those under test.  What is under test (module, tools, scripts) comes in
the initramfs and is copied into the root, which is a throw-away copy of a cached image.
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
# For modprobe on every node: chosctl uses overlayfs, trees may be images.
_ON_NODE = ("overlay", "loop", "squashfs", "erofs")
TESTS = "usr/lib/chos-tests"  # on the node
LIBRARY = TOP / "tests/vm/node/lib.sh"


def disks() -> tuple:
    """(the node's disk, the disk of the trees), made if the cache lacks them."""
    return (image.ext4("node", {"": trees.get("bookworm")}, spare=400), os_disk())


def os_disk(name: str = "", more: tuple = ()) -> Path:
    """The disk of the trees to switch to, made if the cache lacks it.

    name: of a disk that has more of them, (name of the OS, tree) each.
    """
    wanted = {**OS_TREES, **dict(more)}
    return image.ext4(f"os-{name}" if name else "os",
                      {os: trees.get(tree) for os, tree in wanted.items()}, spare=200)


def archive(kernel, files: dict, more_modules: tuple = ()) -> initramfs.Archive:
    """An initramfs that boots the node.

    files: path on the node -> (content, mode), or (target, None) for a link, beside the module
    and the tools.  more_modules: of the kernel, for modprobe on the node.
    """
    result = initramfs.base()
    result.file("init", BOOT / "node-init", 0o755)
    modules = kernel.modules(_MODULES)
    try:  # ext4 asks for it by name only
        modules = kernel.modules(["crc32c_generic"]) + modules
    except Failure:
        pass  # newer kernels compute it in the kernel proper
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
    """lib/modules/RELEASE of the node, with chos.ko in it: path -> bytes."""
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
    """A systemd unit of boot/, enabled: files for archive()."""
    text = (BOOT / name).read_text()
    return {f"etc/systemd/system/{name}": (text, 0o644),
            f"etc/systemd/system/multi-user.target.wants/{name}": (f"../{name}", None)}


def scripts() -> dict:
    """The node cases: name -> Path of its script."""
    return {f"node_{p.stem}": p for p in sorted((TOP / "tests/vm/node").glob("*.sh")) if p.stem != "lib"}
