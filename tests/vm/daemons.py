# SPDX-License-Identifier: BSD-3-Clause
"""Cases with real daemons: nodes with systemd that users log in to and that run jobs.

A node of Debian 12 runs Debian 12's kernel, and a node of Debian 13 runs Debian 13's; each has its own
versions of the daemons.  The cases of a group are the scripts tests/vm/GROUP/NAME.sh.  A service of
the node (boot/daemon-runner) runs them one after the other and reports their outcomes on the second
serial port.  A group may have a second node, connected to the first by a virtual cable.

Others call scripts() and run(), and look at GROUPS.  run() raises Failure if a machine or its disks
cannot be made; a failed case is an outcome, not an exception.
"""

import subprocess
import threading
import time
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from . import cases, host, image, node, qemu, small_tree, sources, tools, trees
from .progress import Failure, say
from .results import Outcome

HERE = Path(__file__).resolve().parent
LIMIT = 60  # seconds for a case, to be multiplied by qemu.scale()
LONG_LIMIT = 600  # the same for the long runs
_lock = threading.Lock()


@dataclass(frozen=True)
class Group:
    """Cases that run on the same kind of node."""

    name: str
    trees: dict  # kernel -> the node's tree
    every_time: dict  # kernel -> cases that `tests/run` without arguments runs; all would take hours
    modules: tuple = ()  # kernel modules that modprobe finds on the node
    measured: tuple = ()  # cases that run on a machine whose clock counts instructions
    nodes: int = 1
    limit: int = LIMIT  # seconds for a case, to be multiplied by qemu.scale()
    os_trees: tuple = ()  # (name of the OS, tree) in addition to those that every node has
    helpers: tuple = ()  # further files of the group's directory that are copied to the node
    # Groups whose lib.sh and set-up.sh are copied to the node too, as GROUP-lib.sh and GROUP-set-up.
    includes: tuple = ()
    # Unit -> the unit or target that wants it.  The files of reboot/ that the units need are copied too.
    enabled: dict = field(default_factory=dict)
    reboots: bool = False  # cases may reboot the node; otherwise a reboot ends the machine
    diskless: bool = False  # the root is a read-only image, with changes kept in memory
    images: bool = False  # small.squashfs and small.erofs are copied to the node
    sources: bool = False  # its OSs are those of sources.py, made by chosctl of every kind of source

    def scripts(self) -> dict:
        """Name of the case -> Path of its script."""
        return {f"{self.name}_{p.stem}": p for p in sorted((HERE / self.name).glob("*.sh"))
                if p.stem not in ("lib", "set-up")}

    def disks(self, kernel_name: str) -> tuple:
        """(the node's disk, the disk of the OSs' trees), made if the cache lacks them."""
        tree = self.trees[kernel_name]
        if self.sources:
            oss = image.ext4("os-sources", {"": sources.store()}, spare=800)
        else:
            oss = node.os_disk(self.name, self.os_trees) if self.os_trees else node.os_disk()
        return (image.ext4(tree, {"": trees.get(tree)}, spare=400), oss)


_ENABLED = {"chos.service": "multi-user.target", "chos-watch.service": "chos.service",
            "ssh.service": "multi-user.target", "cron.service": "multi-user.target"}
GROUPS = (
    # The modules are for the case with a home on NFS; the node is its own server.
    Group("login", {"6.1": "login12", "6.12": "login13"},
          {"6.1": ("login_cron", "login_groups", "login_hostile_tree", "login_ssh")},
          modules=("sunrpc", "nfsd", "nfsv4", "auth_rpcgss", "autofs4"), measured=("login_cost",),
          helpers=("typist.py",)),
    Group("slurm", {"6.1": "slurm12", "6.12": "slurm13"}, {"6.1": ("slurm_submit",)},
          modules=("virtio_net",), measured=("slurm_cost",), nodes=2, limit=120),
    Group("mpi", {"6.1": "slurm12", "6.12": "slurm13"}, {}, modules=("virtio_net",), nodes=2,
          os_trees=(("mpi", "os-mpi"),), includes=("slurm",)),
    Group("accounting", {"6.1": "accounting12", "6.12": "accounting13"}, {},
          modules=("virtio_net",), limit=200, includes=("slurm",)),
    # The limit: under emulation, a job of Grid Engine takes four seconds, and a case runs a hundred.
    Group("sge", {"6.1": "grid12"}, {}, limit=150),
    Group("globus", {"6.1": "grid12"}, {}, limit=100, includes=("sge", "slurm")),
    Group("condor", {"6.12": "condor13"}, {}),
    # The cost of chosctl on a large node, in instructions.
    Group("scale", {"6.1": "login12"}, {}, measured=("scale_hundred",), limit=300,
          images=True),
    # Trees of every source.  The limit is for Python's own test suite.
    Group("sources", {"6.1": "login12"}, {},
          modules=("sunrpc", "nfsd", "nfsv4", "auth_rpcgss"), helpers=("dns.py",), limit=300, sources=True),
    # A node as an administrator sets it up: chos and the daemons are enabled, nobody calls chosctl.
    Group("reboot", {"6.1": "login12", "6.12": "login13"},
          {"6.1": ("reboot_late_tree", "reboot_node")},
          reboots=True, images=True, enabled=_ENABLED),
    # The same on a diskless node.
    Group("diskless", {"6.1": "login12", "6.12": "login13"}, {"6.1": ("diskless_comes_up",)},
          includes=("reboot",), images=True, diskless=True, enabled=_ENABLED),
    # Trees on another machine, an NFS server, which may be unreachable.
    Group("server", {"6.1": "login12"}, {},
          modules=("virtio_net", "sunrpc", "nfsd", "nfsv4", "auth_rpcgss", "autofs4"),
          helpers=("wire",), includes=("sources", "reboot"), nodes=2, limit=300, reboots=True, sources=True),
)


def scripts() -> list:
    """The names of the cases of all groups."""
    return [name for group in GROUPS for name in group.scripts()]


def run(kernel, wanted: list, long: bool, every_time: bool, disk_lock) -> list:
    """Run those of the wanted cases that the nodes with this kernel have; return their outcomes.

    long: with larger loads.  every_time: run only the cases of every run; the others count as skipped.
    disk_lock: held while disks are made.
    """
    outcomes = []
    for group in GROUPS:
        if kernel.name not in group.trees:
            continue
        names = [name for name in group.scripts() if name in wanted]
        if every_time:
            left = [case for case in names if case not in group.every_time.get(kernel.name, ())]
            names = [case for case in names if case not in left]
            why = f"not in every run: tests/run vm {kernel.name} {group.name}_*"
            outcomes += [Outcome(kernel.name, case, "SKIP", 0.0, why) for case in left]
        if names:
            with disk_lock:
                disks = group.disks(kernel.name)
            say(f"kernel {kernel.release}: {len(names)} cases of {group.name}")
            for icount in (False, True):
                chosen = [name for name in names if (name in group.measured) == icount]
                if chosen:
                    outcomes += _run_cases(kernel, group, chosen, disks, long, icount)
    return outcomes


def _run_cases(kernel, group: Group, names: list, disks: tuple, long: bool, icount: bool) -> list:
    limit = LONG_LIMIT if long else group.limit
    append = ("rw net.ifnames=0 systemd.show_status=false systemd.log_target=journal"
              + f" chostest.limit={limit}" + (" chostest.long=1" if long else "")
              + (" chostest.root=overlay" if group.diskless else ""))

    def boot(rest: list, tracker: cases.Tracker) -> qemu.Run:
        label = f"{kernel.name}-{group.name}"
        second = _second(kernel, group, disks, label, append) if group.nodes == 2 and not icount \
            else nullcontext()
        with second:
            wire = {"wire": (second.wire, 1)} if group.nodes == 2 and not icount else {}
            result = qemu.boot(kernel, _archive(kernel, group, rest).build(), label, disks=disks,
                               debug=False, icount=icount, on_line=tracker.line,
                               on_wait=tracker.wait, silence=300, reboots=group.reboots,
                               timeout=len(rest) * limit * qemu.scale() + 600, append=append,
                               **wire)
        if wire:
            said = qemu.suspects(second.console.read_text(errors="replace"))
            if said and tracker.done:
                tracker.fail(list(tracker.done)[-1], f"the second node's kernel logged: {said[0]}")
        return result

    return cases.run_all(kernel.name, [(name, limit) for name in names], boot)


def _second(kernel, group: Group, disks: tuple, label: str, append: str) -> qemu.Machine:
    """Start the second node, which waits for the first one, and return its machine."""
    wire = qemu.run_folder() / f"{label}-{time.monotonic_ns()}.wire"
    machine = qemu.Machine(kernel, _archive(kernel, group, []).build(), f"{label}-second",
                           disks=disks, debug=False, append=append + " chostest.node=2",
                           wire=(wire, 2))
    machine.wire = wire
    while not wire.exists():  # until QEMU listens on the socket
        if machine.process.poll() is not None:
            machine.close()
            raise Failure(f"the second node did not start: see {machine.console}")
        time.sleep(0.05)
    return machine


def _archive(kernel, group: Group, names: list):
    """The initramfs of a node of this group that runs these cases."""
    folder = HERE / group.name
    files = {f"{node.TESTS}/{name}.sh": (path, 0o755) for name, path in group.scripts().items()}
    files[f"{node.TESTS}/lib.sh"] = (node.LIBRARY, 0o755)
    for other in {"login", group.name, *group.includes}:
        files[f"{node.TESTS}/{other}-lib.sh"] = (HERE / other / "lib.sh", 0o755)
        files[f"{node.TESTS}/{other}-set-up"] = (HERE / other / "set-up.sh", 0o644)
    files[f"{node.TESTS}/runner"] = (HERE / "boot/daemon-runner", 0o755)
    files[f"{node.TESTS}/set-up"] = (folder / "set-up.sh", 0o644)
    for name in group.helpers:
        files[f"{node.TESTS}/{name}"] = (folder / name, 0o755)
    files[f"{node.TESTS}/cases"] = ("".join(f"{name}\n" for name in names), 0o644)
    if group.trees[kernel.name] in ("slurm13", "accounting13"):
        files["usr/lib/x86_64-linux-gnu/slurm-wlm/spank_chos.so"] = (
            tools.plugin_for_slurm("24.11"), 0o644)
    for unit, wanting in group.enabled.items():
        files[f"etc/systemd/system/{wanting}.wants/{unit}"] = (f"/usr/lib/systemd/system/{unit}", None)
    if group.images:
        files.update(small_tree.files())
    if group.enabled:  # these units start before the set-up script runs
        files["etc/chos"] = (HERE / "reboot/allowlist", 0o644)
        files["etc/ssh/sshd_config"] = (HERE / "reboot/sshd_config", 0o644)
        files["root/.ssh/config"] = (HERE / "reboot/ssh_config", 0o600)
        for path in ("etc/ssh/ssh_host_ed25519_key", "root/.ssh/id_ed25519"):
            files[path] = (_key(), 0o600)
        files["etc/ssh/authorized_keys"] = (_key().with_name("cluster_key.pub"), 0o644)
    if group.nodes == 2 or "slurm" in group.includes:  # for logins between the nodes, and for munge
        for name in ("cluster_key", "cluster_key.pub"):
            files[f"root/.ssh/{name}"] = (_key().with_name(name), 0o600)
    files.update(node.unit("chos-cases.service"))
    return node.archive(kernel, files, group.modules)


def _key() -> Path:
    """Path of the ssh key of this run; the public key lies beside it."""
    host.need("cluster")
    with _lock:
        path = qemu.run_folder() / "cluster_key"
        if not path.exists():
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "cluster",
                            "-f", str(path)], check=True)
    return path
