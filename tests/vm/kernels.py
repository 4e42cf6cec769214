# SPDX-License-Identifier: BSD-3-Clause
"""The kernels under test, and the module built for each of them.

    k = kernels.get("6.1")    name, release, vmlinuz, modules_dir, modules([...]), ko

chos.ko is built inside the tree of the kernel's own suite, from copies of Makefile.kbuild, kmod/ and
include/, and is cached under a hash of these and of the tree.

Others call get(), names(), is_name() and module_sources(), and use TOP, the root of the checkout.  get()
and Kernel.ko raise Failure if a tree or the module cannot be made.
"""

import os
import re
import shutil
from functools import cached_property, lru_cache
from pathlib import Path

from . import cache, trees
from .progress import Failure, run, say

TOP = Path(__file__).resolve().parents[2]

# Kernel -> the tree that has its headers.
_TREES = {"5.10": "bullseye", "6.1": "bookworm", "6.12": "trixie", "newest": "backports"}
_NEWEST = ("newest", "backports")
# Files that a manual build leaves among the sources.
_PRODUCT = re.compile(r"\.(o|ko|mod|mod\.c|cmd|d)$|^modules\.order$|^Module\.symvers$")


class Kernel:
    """One Debian kernel."""

    def __init__(self, name: str, tree: trees.Tree):
        self.name = name
        self.tree = tree
        self.release = tree.release
        self.vmlinuz = tree.image / "boot" / f"vmlinuz-{tree.release}"
        self.modules_dir = tree.image / "lib" / "modules" / tree.release

    @cached_property
    def ko(self) -> Path:
        """chos.ko for this kernel; built on first use."""
        return build_module(self, Path(os.environ.get("CHOS_KMOD", TOP)))

    def modules(self, wanted: list) -> list:
        """These modules and their dependencies, [(file name, bytes)], in the order that insmod needs.

        Modules that are built into the kernel are left out.  Raises Failure for an unknown module.
        """
        order = []
        for name in wanted:
            self._add(name.replace("-", "_"), order)
        return [(path.name, path.read_bytes()) for path in order]

    @cached_property
    def _needs(self) -> dict:
        needs = {}
        for line in (self.modules_dir / "modules.dep").read_text().splitlines():
            path, _, rest = line.partition(":")
            name = Path(path).name.removesuffix(".ko").replace("-", "_")
            needs[name] = (self.modules_dir / path, [self.modules_dir / r for r in rest.split()])
        return needs

    @cached_property
    def _builtin(self) -> set:
        text = (self.modules_dir / "modules.builtin").read_text()
        return {Path(line).name.removesuffix(".ko").replace("-", "_") for line in text.split()}

    def _add(self, name: str, order: list) -> None:
        if name in self._builtin:
            return
        if name not in self._needs:
            raise Failure(f"kernel {self.release} has no module {name} in {self.modules_dir}")
        path, needs = self._needs[name]
        for other in reversed(needs):  # modules.dep lists the dependencies in reverse order
            if other not in order:
                order.append(other)
        if path not in order:
            order.append(path)


def names() -> list:
    """The names of the kernels, oldest first; the last is always "newest"."""
    return list(_TREES)


def is_name(word: str) -> bool:
    """Whether a word on the command line is the name of a kernel."""
    return word in _TREES or word in _NEWEST or re.fullmatch(r"\d+\.\d+", word) is not None


@lru_cache
def get(name: str) -> Kernel:
    """A kernel by name: 5.10, 6.1, 6.12, newest, or the version of the newest (7.3).

    Makes its tree if the cache lacks it.  Raises Failure, also for an unknown version.
    """
    if name in _NEWEST or name not in _TREES:
        tree = trees.get(_TREES["newest"])
        version = ".".join(re.findall(r"\d+", tree.release)[:2])
        if name not in _NEWEST and name != version:
            raise Failure(f"no kernel {name}: there are 5.10, 6.1, 6.12 and {version}")
        return Kernel(version, tree)
    return Kernel(name, trees.get(_TREES[name]))


def run_in_tree(tree: trees.Tree, source: Path, script: str, label: str, log: Path) -> None:
    """Run a shell script in a chroot of a tree, with `source` at /mnt, in a private mount namespace.

    Raises Failure if it fails.
    """
    root = tree.root
    wrapper = (
        'set -e; mount --make-rprivate /; mount -t proc proc "$1/proc"; '
        'mount -t tmpfs tmpfs "$1/tmp"; mount --bind "$2" "$1/mnt"; '
        'exec chroot "$1" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C sh -ec "$3"')
    run(["unshare", "-m", "sh", "-c", wrapper, "sh", str(root), str(source), script], label, log)


def module_sources(top: Path) -> list:
    """The files below `top` that the module is built from.  Raises Failure if it has none."""
    sources = [p for p in cache.files_under(top / "Makefile.kbuild", top / "kmod", top / "include")
               if not _PRODUCT.search(p.name)]
    if not any(p.name == "Makefile.kbuild" for p in sources):
        raise Failure(f"no Makefile.kbuild in {top}: nothing to build the module from")
    return sources


def copy_sources(sources: list, top: Path, work: Path) -> None:
    """Copy files below `top` to the same places below `work`."""
    for source in sources:
        target = work / source.relative_to(top)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)


def build_module(kernel: Kernel, top: Path) -> Path:
    """chos.ko built for a kernel from the sources below `top`.  Raises Failure."""
    sources = module_sources(top)
    key = cache.key_of(kernel.tree.key, *[x for p in sources
                                          for x in (str(p.relative_to(top)), p)])

    def build(path: Path) -> None:
        work = path / "work"
        copy_sources(sources, top, work)
        log = cache.logs() / f"module-{kernel.name}.log"
        log.unlink(missing_ok=True)
        run_in_tree(kernel.tree, work,
                    f"cd /mnt && make -j2 -f Makefile.kbuild KDIR=/lib/modules/{kernel.release}/build",
                    f"module for {kernel.release}", log)
        built = sorted(work.rglob("chos.ko"))
        if len(built) != 1:
            raise Failure(f"module for {kernel.release}: the build made {len(built)} files named"
                          f" chos.ko, expected 1; see {log}")
        built[0].rename(path / "chos.ko")
        shutil.rmtree(work)
        say(f"module for {kernel.release}: built")

    return cache.entry("modules", kernel.name, key, build, keep=8) / "chos.ko"
