# SPDX-License-Identifier: BSD-3-Clause
"""Logins through the real daemons: a node with systemd, sshd, cron, at, sudo and an NFS server.

Debian 12's node runs on its own kernel, and so does Debian 13's: each has its OpenSSH.  The
cases are the scripts tests/vm/login/NAME.sh; a service of the node runs them one after the
other (login/runner) and says what came of them on the second serial port.
"""

from pathlib import Path

from . import cases, image, node, qemu, trees

SCRIPTS = Path(__file__).resolve().parent / "login"
TREES = {"6.1": "login12", "6.12": "login13"}  # kernel -> the node's tree
# What `tests/run` without words runs: the others would take it past an hour on two cores.
EVERY_TIME = {"6.1": ("login_cron", "login_group_only", "login_groups", "login_ssh")}
# What a login costs is measured on a machine whose clock counts instructions.
MEASURED = ("login_cost",)
LIMIT = 60  # seconds for a case, to be multiplied by qemu.scale()
LONG_LIMIT = 600
_NOT_CASES = ("lib",)
# The home on a server is mounted from the node itself.
_MODULES = ("sunrpc", "nfsd", "nfsv4", "auth_rpcgss")


def scripts() -> dict:
    """The login cases: name -> Path of its script."""
    return {f"login_{p.stem}": p for p in sorted(SCRIPTS.glob("*.sh"))
            if p.stem not in _NOT_CASES}


def disks(kernel_name: str) -> tuple:
    """(the node's disk, the disk of the trees), made if the cache lacks them."""
    tree = TREES[kernel_name]
    return (image.ext4(tree, {"": trees.get(tree)}, spare=400), node.os_disk())


def run_cases(kernel, names: list, long: bool) -> list:
    """Run login cases on the node of a kernel.  long: with bigger loads."""
    images = disks(kernel.name)
    limit = LONG_LIMIT if long else LIMIT

    def run(chosen: list, icount: bool) -> list:
        def boot(rest: list, watch: cases.Watch) -> qemu.Run:
            files = {f"{node.TESTS}/{name}.sh": (path, 0o755) for name, path in scripts().items()}
            files[f"{node.TESTS}/lib.sh"] = (node.LIBRARY, 0o755)
            files[f"{node.TESTS}/login-lib.sh"] = (SCRIPTS / "lib.sh", 0o755)
            for name in ("runner", "typist.py"):
                files[f"{node.TESTS}/{name}"] = (SCRIPTS / name, 0o755)
            files[f"{node.TESTS}/cases"] = ("".join(f"{name}\n" for name in rest), 0o644)
            files.update(node.unit("chos-logins.service"))
            return qemu.boot(kernel, node.archive(kernel, files, _MODULES).build(),
                             f"{kernel.name}-login", disks=images, debug=False, icount=icount,
                             on_line=watch.line, on_wait=watch.wait, silence=300,
                             timeout=len(rest) * limit * qemu.scale() + 600,
                             append="rw systemd.show_status=false systemd.log_target=journal"
                                    + (" chostest.long=1" if long else ""))

        return cases.run_all(kernel.name, [(name, limit) for name in chosen], boot) if chosen else []

    return (run([name for name in names if name not in MEASURED], icount=False)
            + run([name for name in names if name in MEASURED], icount=True))
