# SPDX-License-Identifier: BSD-3-Clause
"""OSs made by `chosctl os add` from every kind of source, as a server of trees makes them for nodes.

They are made on this machine, without the module, in a private mount namespace.  A node finds them on
its second disk: the trees, and chosctl's records of them.

Others call store() and tiny_tree(), and use SPEC.  store() raises Failure.
"""

import inspect
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from . import cache, host, initramfs, mirror, tools
from .kernels import TOP
from .progress import elapsed, run, say

# Name of the OS -> (SOURCE and options, version of Python).  Some mirrors have only a part of the
# security updates for i386, so that tree is made from the plain archive.
_DEBIAN = {
    "deb11": ("debian:bullseye", "3.9"),
    "deb12": ("debian:bookworm", "3.11"),
    "deb13": ("debian:trixie", "3.13"),
    "sid": ("debian:sid", "3.14"),
    "i386": ("debian:bookworm/i386 --mirror $MIRROR", "3.11"),
}
# A compiler, and Python with its own test suite, whose results are compared with those in a chroot.
_INCLUDED = "--allow-expired --include gcc,libc6-dev,python3,libpython{}-testsuite"
SPEC = """Name: tinyos
Version: 1
Release: 1
Summary: A tree
License: BSD
BuildArch: x86_64
%description
A tree of busybox.
%install
cp -a $TREE/. %{buildroot}/
%files
%defattr(-,root,root)
/bin
/etc/os-release
%dir /tmp
%dir /root
%dir /var
"""
# The script that makes the small OSs.  Each of them may take a minute, so it prints what it is doing.
_SMALL = r"""
set -eu
mount --make-rprivate /
umask 022
cd "$WORK"
mkdir -p "$OUT"
printf '[farm]\npath = "%s"\ntrees = "%s"\n' "$WORK/farm" "$OUT" >chos.conf
: >"$OUT/allowlist"
add() {
  name=$1
  shift
  echo "adding $name"
  "$CHOSCTL" --config "$WORK/chos.conf" --allowlist "$OUT/allowlist" os add "$name" "$@" </dev/null
}

# A repository with one RPM package.
rpmbuild -bb --define "_topdir $WORK/rpm" --define '__os_install_post %nil' \
  --define '_build_id_links none' --define 'debug_package %nil' "$WORK/tinyos.spec"
# The same package signed by a key that was made for it.
export GNUPGHOME="$WORK/gnupg"
mkdir -m 700 "$GNUPGHOME"
gpg --batch --quiet --passphrase '' --quick-generate-key 'Tiny <tiny@example.org>' rsa2048 sign never
gpg --export -a tiny@example.org >"$WORK/tiny.key"
cp -a "$WORK/rpm/RPMS" "$WORK/signed"
rpmsign --define '__gpg /usr/bin/gpg' --define '_gpg_name tiny@example.org' --addsign "$WORK"/signed/*/*.rpm
gpgconf --kill all
for part in rpm/RPMS signed; do
  createrepo_c "$WORK/$part"
  printf '[tiny]\nname=tiny\nbaseurl=file://%s\ngpgkey=file://%s\n' "$WORK/$part" "$WORK/tiny.key" >"${part%%/*}.repo"
done
refused() { if add "$@"; then exit 1; fi; }
refused rpm "rpm:$WORK/rpm.repo#tinyos"
add rpm "rpm:$WORK/signed.repo#tinyos"
# By rpm alone, as on a machine without dnf.
dnf=$(readlink -f "$(command -v dnf)")
mount --bind /dev/null "$dnf"
refused rpmroot "rpm:$WORK/rpm.repo#tinyos"
add rpmroot "rpm:$WORK/signed.repo#tinyos"
refused unsigned "rpm:$WORK/rpm.repo#tinyos"
add unsigned "rpm:$WORK/rpm.repo#tinyos" --no-signatures
"$CHOSCTL" --config "$WORK/chos.conf" --allowlist "$OUT/allowlist" os remove unsigned </dev/null
umount "$dnf"

# A container image of three layers: the second removes a file of the first one, the third replaces a
# directory.
umoci init --layout image
umoci new --image image:1
umoci unpack --image image:1 bundle
cp -a "$TREE/." bundle/rootfs/
mkdir -p bundle/rootfs/opt/old bundle/rootfs/srv
echo 1 >bundle/rootfs/opt/old/file
echo 1 >bundle/rootfs/srv/gone
umoci repack --image image:1 bundle
rm -rf bundle/rootfs/srv/gone
cp "$TREE/bin/busybox" bundle/rootfs/bin/raised
chmod 4755 bundle/rootfs/bin/raised
umoci repack --image image:1 --refresh-bundle bundle
rm -rf bundle/rootfs/opt/old
mkdir bundle/rootfs/opt/old
echo 3 >bundle/rootfs/opt/old/new
umoci repack --image image:1 --refresh-bundle bundle
add oci "oci:$WORK/image:1"

# The same image in the format of `docker save`, and as an OCI archive.
skopeo copy oci:image:1 docker-archive:docker.tar:tiny:1
skopeo copy oci:image:1 oci-archive:oci.tar:1
add docker "oci:$WORK/docker.tar"
add archive "oci:$WORK/oci.tar"
"""
# The script that makes OSs of the Debian trees made before: two images, and an archive.
_PACKED = r"""
chosctl() { "$CHOSCTL" --config "$WORK/chos.conf" --allowlist "$OUT/allowlist" "$@"; }
echo "packing"
chosctl os pack deb13 "$WORK/deb13.squashfs"
chosctl os pack deb12 "$WORK/deb12.erofs"
add squash "image:$WORK/deb13.squashfs"
add ero "image:$WORK/deb12.erofs"
tar -C "$OUT/deb11" --zstd -cf "$WORK/deb11.tar.zst" .
add packed "tar:$WORK/deb11.tar.zst" --drop-devices
chosctl os list
"""


@dataclass(frozen=True)
class Store:
    """The trees and chosctl's records of them; image.ext4() takes it like a trees.Tree."""

    root: Path
    key: str


def store() -> Store:
    """The OSs, made if the cache lacks them, which takes about ten minutes.  Raises Failure."""
    host.need("trees", "images", "sources")
    suites = sorted({"bullseye", "bookworm", "trixie", "sid"})
    parts = [file for room in ("store", "build", "manage")
             for file in cache.files_under(TOP / "tools/lib" / room) if "_test." not in file.name]
    key = cache.key_of(inspect.getsource(tiny_tree), _SMALL, _PACKED, SPEC, _DEBIAN, _INCLUDED,
                       *parts, *map(mirror.identity, suites))
    path = cache.entry("stores", "sources", key, _make, keep=1)
    return Store(path / "root", path.name)


def _make(path: Path) -> None:
    began = elapsed()
    log = cache.logs() / "sources.log"
    log.unlink(missing_ok=True)
    debian = "".join(f"add {name} {words} {_INCLUDED.format(python)}\n"
                     for name, (words, python) in _DEBIAN.items())
    with tempfile.TemporaryDirectory(dir=path) as folder:
        work = Path(folder)
        tree = tiny_tree(work / "tree")
        (work / "tinyos.spec").write_text(SPEC)
        env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(work), "LC_ALL": "C",
               "MIRROR": mirror.site(), "WORK": str(work), "OUT": str(path / "root"), "TREE": str(tree),
               "CHOSCTL": str(tools.build(False) / "tools/chosctl/chosctl")}
        run(["unshare", "-m", "--fork", "--kill-child", "sh", "-c", _SMALL + debian + _PACKED],
            "OSs of every source", log, env=env)
    say(f"OSs of every source: made in {elapsed() - began:.0f} s")


def tiny_tree(tree: Path) -> Path:
    """Make a tree with busybox and a shell at this path; return the path."""
    for name in ("bin", "etc", "root", "tmp", "var"):
        (tree / name).mkdir(parents=True)
    (tree / "tmp").chmod(0o1777)
    shutil.copy(initramfs.busybox(), tree / "bin/busybox")
    for name in ("sh", "cat", "id", "ls", "uname"):
        (tree / "bin" / name).symlink_to("busybox")
    # The login shell of the users on the nodes.
    (tree / "bin/bash").write_text('#!/bin/sh\nexec /bin/sh "$@"\n')
    (tree / "bin/bash").chmod(0o755)
    (tree / "etc/os-release").write_text('ID=tiny\nVERSION_ID="1"\nPRETTY_NAME="Tiny 1"\n')
    subprocess.run(["find", str(tree), "-exec", "touch", "-hd", "@1600000000", "{}", "+"], check=True)
    return tree
