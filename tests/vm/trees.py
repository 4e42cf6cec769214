# SPDX-License-Identifier: BSD-3-Clause
"""Debian trees made by mmdebstrap from this machine's own mirror.

bullseye, bookworm, trixie and backports have kernel headers: modules are built inside them, and the
kernel and the modules of the matching linux-image package lie beside the tree.  bookworm is also the
root of the node.  login*, slurm*, accounting*, grid* and condor* are the roots of nodes with daemons.
os-* are the small trees of the OSs to switch to.

Others call get(), which raises Failure, and look at RECIPES.
"""

import inspect
import lzma
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import cache, host, mirror
from .progress import Failure, elapsed, run, say

# The parts of the linux-image package that a VM or an image may need.
IMAGE_PARTS = ["./boot/vmlinuz-*", "./boot/config-*"] + [
    f"{top}/modules/*/{part}"
    for top in ("./lib", "./usr/lib")
    for part in ("modules.*", "kernel/fs/*", "kernel/lib/*", "kernel/crypto/*",
                 "kernel/arch/x86/crypto/*", "kernel/drivers/virtio/*",
                 "kernel/drivers/block/*", "vmlinuz", "kernel/drivers/char/*", "kernel/net/9p/*",
                 "kernel/net/sunrpc/*", "kernel/net/dns_resolver/*", "kernel/net/core/*",
                 "kernel/drivers/net/virtio_net*", "kernel/drivers/net/net_failover*")]


@dataclass(frozen=True)
class Recipe:
    """How a tree is made."""

    name: str
    suite: str
    packages: tuple
    extra_suites: tuple = ()
    expired_ok: bool = False  # accept a Release file that has expired
    script: str = ""  # a script that sh runs in the finished tree
    architecture: str = ""  # Debian's name of the architecture, if not this machine's


_BUILD = ("linux-headers-amd64", "gcc", "make", "libc6-dev", "libelf1")
_BUILD_13 = ("gcc", "make", "libc6-dev", "libelf1t64")
_OS = ("python3-minimal", "procps", "rsync")
# The packages of a node that users log in to: the daemons, and the commands that its cases use.
_DAEMONS = ("python3-minimal", "procps", "systemd", "systemd-sysv", "udev", "dbus",
            "libpam-systemd", "openssh-server", "openssh-client", "sudo", "cron", "at", "rsync",
            "xauth", "nfs-kernel-server", "nfs-common", "kmod", "libmount1", "libstdc++6",
            "libarchive13", "util-linux-extra")

# The installation of Grid Engine asks these questions, so the script _GRID answers and installs it.
_GRID_ANSWERS = """gridengine-common shared/gridenginemaster string node
gridengine-common shared/gridenginecell string default
gridengine-common shared/gridengineconfig boolean true
"""
_GRID_PACKAGES = (
    "gridengine-master", "gridengine-exec", "gridengine-client", "globus-gatekeeper",
    "globus-gram-job-manager", "globus-gram-job-manager-scripts",
    "globus-gram-job-manager-fork-setup-poll", "globus-gram-job-manager-sge-setup-poll",
    "globus-gram-job-manager-slurm", "globus-gram-client-tools", "globus-simple-ca",
    "globus-gsi-cert-utils-progs", "globus-proxy-utils", "globus-gass-copy-progs")

_SLURM = _DAEMONS + ("slurmctld", "slurmd", "slurm-client", "slurm-wlm-basic-plugins", "munge",
                     "libslurm-dev")
_SLURMDBD = ("slurmdbd", "slurm-wlm-mysql-plugin", "mariadb-server")

# The node: two users and root, all without passwords; services that no test needs are masked.
_NODE = """
for user in alice bob; do
  useradd -m -s /bin/bash "$user"
  passwd -q -d "$user"
done
passwd -q -d root
chmod 755 /home/alice /home/bob
echo node >/etc/hostname
echo '127.0.0.1 localhost node' >/etc/hosts
mkdir -p /var/lib/chos/os
echo 'alice ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/alice
cd /etc/systemd/system
systemctl set-default multi-user.target
for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \
  fstrim.timer systemd-timesyncd.service systemd-networkd.service getty@tty1.service \
  serial-getty@ttyS0.service serial-getty@ttyS1.service systemd-udev-settle.service \
  e2scrub_reap.service systemd-random-seed.service ldconfig.service \
  getty-static.service systemd-update-utmp-runlevel.service \\
  systemd-update-utmp.service systemd-journal-flush.service dev-hugepages.mount \
  dev-mqueue.mount sys-kernel-debug.mount sys-kernel-tracing.mount; do
  systemctl mask "$unit"
done
"""

# A node with logins: many users, and no ssh host keys, which each boot generates.  The daemons do not
# start at boot; boot/daemon-runner starts them.
_LOGIN = _NODE + """
for number in $(seq -w 1 20); do
  useradd -m -s /bin/bash "u$number"
done
rm -f /etc/ssh/ssh_host_* /etc/update-motd.d/*
for unit in ssh.service ssh.socket cron.service atd.service; do
  systemctl disable "$unit"
done
for unit in nfs-server.service nfs-mountd.service nfs-idmapd.service nfs-blkmap.service \\
  nfs-client.target nfs-utils.service nfsdcld.service rpc-statd.service fsidd.service \\
  rpc-statd-notify.service rpc-gssd.service rpc-svcgssd.service rpcbind.service rpcbind.socket \\
  proc-fs-nfsd.mount var-lib-nfs-rpc_pipefs.mount run-rpc_pipefs.mount rsync.service \\
  sshd-keygen.service rescue-ssh.target systemd-udev-trigger.service \\
  systemd-binfmt.service systemd-hwdb-update.service systemd-pcrphase.service \\
  systemd-pcrphase-sysinit.service systemd-boot-system-token.service \\
  systemd-rfkill.socket systemd-machine-id-commit.service modprobe@drm.service \\
  modprobe@efi_pstore.service modprobe@fuse.service modprobe@configfs.service \\
  sys-fs-fuse-connections.mount sys-kernel-config.mount remote-fs.target logrotate.timer \\
  systemd-tmpfiles-clean.timer wtmpdb-rotate.timer wtmpdb-update-boot.service \\
  console-getty.service nfs-common.service systemd-remount-fs.service; do
  systemctl mask "$unit"
done
"""

# A node of a Slurm cluster; boot/daemon-runner starts its daemons too.
_CLUSTER = _LOGIN + """
for unit in munge slurmctld slurmd; do
  systemctl disable "$unit.service"
done
"""

# A node of a Slurm cluster with job accounting.
_ACCOUNTING = _CLUSTER + "systemctl disable slurmdbd.service mariadb.service\n"

# A node of a grid: Grid Engine and a Globus gatekeeper, in addition to the daemons of _CLUSTER.
_GRID = f"""
debconf-set-selections <<'END'
{_GRID_ANSWERS}END
echo '10.0.0.1 node' >/etc/hosts
DEBIAN_FRONTEND=noninteractive unshare --uts sh -ec '
hostname node
apt-get -q -y --no-install-recommends install {" ".join(_GRID_PACKAGES)}'
""" + _CLUSTER + """
for unit in gridengine-master gridengine-exec globus-gatekeeper; do
  systemctl disable "$unit"
done
"""

# An OS with Open MPI: a program whose ranks print where they run, and the sum of their numbers.
_MPI = r"""
cat >/tmp/hello.c <<END
#include <mpi.h>
#include <stdio.h>
int main(int argc, char** argv) {
  int rank, size, sum, length;
  char node[MPI_MAX_PROCESSOR_NAME], os[64] = "";
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  MPI_Get_processor_name(node, &length);
  MPI_Allreduce(&rank, &sum, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
  FILE* mark = fopen("/etc/chos-mark", "r");
  if (mark) fscanf(mark, "%63s", os);
  printf("rank %d of %d on %s in %s, sum %d\n", rank, size, node, os, sum);
  MPI_Finalize();
  return 0;
}
END
mpicc -o /usr/local/bin/mpi-hello /tmp/hello.c
rm /tmp/hello.c
"""
# A node of an HTCondor pool.
_POOL = _LOGIN + "systemctl disable condor.service\n"

RECIPES = {
    recipe.name: recipe for recipe in (
        Recipe("bullseye", "bullseye", _BUILD, expired_ok=True),
        Recipe("bookworm", "bookworm", _BUILD + (
            "python3-minimal", "procps", "systemd", "systemd-sysv", "udev", "sudo", "kmod",
            "libmount1", "libstdc++6", "libarchive13", "openssh-server", "openssh-client"),
            script=_NODE + "systemctl disable ssh.service\nrm -f /etc/ssh/ssh_host_*\n"),
        Recipe("trixie", "trixie", ("linux-headers-amd64", *_BUILD_13)),
        Recipe("backports", "trixie", ("linux-headers-amd64/trixie-backports", *_BUILD_13),
               ("trixie-backports",)),
        Recipe("login12", "bookworm", _DAEMONS, script=_LOGIN),
        Recipe("login13", "trixie", _DAEMONS + ("login", "wtmpdb", "libpam-wtmpdb", "lastlog2",
                                                "libpam-lastlog2"), script=_LOGIN),
        Recipe("slurm12", "bookworm", _SLURM, script=_CLUSTER),
        Recipe("slurm13", "trixie", _SLURM + ("login",), script=_CLUSTER),
        Recipe("accounting12", "bookworm", _SLURM + _SLURMDBD, script=_ACCOUNTING),
        Recipe("accounting13", "trixie", _SLURM + ("login", *_SLURMDBD), script=_ACCOUNTING),
        Recipe("os-mpi", "trixie", _OS + ("openmpi-bin", "libopenmpi-dev", "gcc", "libc6-dev"),
               script=_MPI),
        Recipe("grid12", "bookworm", _SLURM, script=_GRID),
        Recipe("condor13", "trixie", _DAEMONS + ("login", "condor"), script=_POOL),
        # This tree has no sftp server, to test that internal-sftp works without one.
        Recipe("os-bullseye", "bullseye", _OS, expired_ok=True),
        Recipe("os-trixie", "trixie", _OS + ("openssh-sftp-server", "xauth")),
        Recipe("os-i386", "bookworm", ("procps",), architecture="i386"),
    )
}


class Tree:
    """A finished tree in the cache."""

    def __init__(self, recipe: Recipe, path: Path):
        self.recipe = recipe
        self.path = path
        self.root = path / "root"
        self.image = path / "image"
        self.key = path.name
        # The release of the kernel beside the tree; empty if there is none.
        self.release = (path / "release").read_text().strip()


def get(name: str) -> Tree:
    """The tree of that name; it is made if the cache lacks it or the mirror has changed.

    Raises Failure.
    """
    host.need("trees")
    recipe = RECIPES[name]
    makers = [inspect.getsource(one) for one in (_make, _unpack_image, _unpack)]
    recipe_key = cache.key_of(repr(recipe), IMAGE_PARTS, _HOOK, *makers)[:8]
    states = [mirror.identity(suite) for suite in (recipe.suite, *recipe.extra_suites)]
    if None in states:
        path = cache.find("trees", f"{name}-{recipe_key}")
        if path is None:
            raise Failure(f"no tree {name} in the cache and its mirror does not answer:"
                          " check the network and `apt-get update`")
        return Tree(recipe, path)
    key = recipe_key + cache.key_of(*states)[:8]
    return Tree(recipe, cache.entry("trees", name, key, lambda path: _make(recipe, path), keep=1))


# Runs outside the tree, whose path is $1, before mmdebstrap removes the lists of apt from it.
_HOOK = r"""
set -eu
[ ! -f "$OUT/script.sh" ] || chroot "$1" sh -e <"$OUT/script.sh"
: >"$OUT/release"
[ -d "$1/lib/modules" ] || exit 0
release=$(ls "$1/lib/modules")
# From 7.x on linux-image only depends on the packages that have the kernel and the modules.
image=linux-image-$release
if chroot "$1" apt-cache show "linux-binary-$release" >/dev/null 2>&1; then
  image="linux-binary-$release linux-modules-$release"
fi
chroot "$1" sh -c "cd /var/tmp && apt-get -q -o APT::Sandbox::User=root download $image"
mkdir "$OUT/debs"
mv "$1"/var/tmp/linux-*.deb "$OUT/debs/"
echo "$release" > "$OUT/release"
"""


def _make(recipe: Recipe, path: Path) -> None:
    began = elapsed()
    log = cache.logs() / f"tree-{recipe.name}.log"
    log.unlink(missing_ok=True)
    say(f"tree {recipe.name}: making it ({' '.join((recipe.suite, *recipe.extra_suites))})")
    hook = path / "hook.sh"
    hook.write_text(f"OUT={path}\n{_HOOK}")
    if recipe.script:
        (path / "script.sh").write_text(recipe.script)
    command = ["mmdebstrap", "--mode=root", "--variant=minbase", "--format=directory",
               "--include=" + ",".join(recipe.packages),
               "--dpkgopt=force-unsafe-io",
               "--dpkgopt=path-exclude=/usr/share/doc/*",
               "--dpkgopt=path-exclude=/usr/share/man/*",
               "--dpkgopt=path-exclude=/usr/share/locale/*",
               f"--customize-hook=sh {hook} \"$1\""]
    if recipe.architecture:
        command.append(f"--architectures={recipe.architecture}")
    if recipe.expired_ok:
        command.append('--aptopt=Acquire::Check-Valid-Until "false"')
    command += [recipe.suite, str(path / "root")]
    command += [f"deb {mirror.site()} {suite} main"
                for suite in (recipe.suite, *recipe.extra_suites)]
    run(command, f"tree {recipe.name}", log)
    hook.unlink()
    if (path / "debs").exists():
        _unpack_image(path, log)
    say(f"tree {recipe.name}: made in {elapsed() - began:.0f} s"
        f" {(path / 'release').read_text().strip()}")


def _unpack_image(path: Path, log: Path) -> None:
    """Take the kernel and the modules that VMs need out of the packages."""
    image = path / "image"
    image.mkdir()
    for package in sorted((path / "debs").glob("*.deb")):
        _unpack(package, image, log)
    shutil.rmtree(path / "debs")
    release = (path / "release").read_text().strip()
    modules = next((p for p in (image / "lib/modules" / release, image / "usr/lib/modules" / release)
                    if p.is_dir()), None)
    if modules is None:
        raise Failure(f"the packages of kernel {release} have no modules; see {log}")
    kernel = image / "boot" / f"vmlinuz-{release}"
    if not kernel.exists() and (modules / "vmlinuz").exists():
        kernel.parent.mkdir(exist_ok=True)
        (modules / "vmlinuz").rename(kernel)
    if not kernel.exists():
        raise Failure(f"the packages of kernel {release} have no vmlinuz; see {log}")
    for packed in modules.rglob("*.ko.xz"):
        packed.with_suffix("").write_bytes(lzma.decompress(packed.read_bytes()))
        packed.unlink()
    # From 7.x on the lists of what is built in come with the headers, in linux-base-RELEASE.
    for listed in sorted((path / "root/usr/lib/modules" / release).glob("modules.*")):
        if not (modules / listed.name).exists():
            shutil.copy2(listed, modules)
    if not (modules / "modules.builtin").exists():
        raise Failure(f"no package of kernel {release} says what is built in; see {log}")
    if modules.parent.parent.parent.name == "usr":  # one place for every kernel
        shutil.move(str(image / "usr/lib"), str(image / "lib"))
    run(["depmod", "-b", str(image), release], f"modules of {release}", log)


def _unpack(package: Path, image: Path, log: Path) -> None:
    with open(log, "ab") as out:
        opened = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(package)],
                                  stdout=subprocess.PIPE, stderr=out)
        # A kernel's package lacks some of the parts; what is needed is checked where it is used.
        subprocess.run(["tar", "-x", "-C", str(image), "--wildcards", *IMAGE_PARTS],
                       stdin=opened.stdout, stdout=out, stderr=out, check=False)
        opened.stdout.close()
        opened.wait()
