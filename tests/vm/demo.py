# SPDX-License-Identifier: BSD-3-Clause
"""tests/demo: a transcript that checks itself, of one node with two users in two OSs at once.

This module is a program (main()) and no other module uses it.  The steps are in demo_steps.py.
prepare(), transcript() and shell() raise Failure.
"""

import argparse
import os
import subprocess
import sys

from . import demo_steps, host, kernels, node, qemu, tools, trees
from .progress import Failure, Parallel, elapsed, say
from .sessions import Sessions

HELP = """\
Makes a node (a virtual machine with Debian 12, from this machine's own mirror) with two complete
trees, Debian 13 and Debian 11, and shows two users who work in them at the same time.  Every output
is checked; the exit status is 1 if one of them is wrong.

  tests/demo            prints the transcript
  tests/demo --shell    starts a shell of alice on the node; try `chos -o trixie`

The first run installs missing packages and makes the trees.  Everything is kept in
${XDG_CACHE_HOME:-~/.cache}/chos.  CHOS_NO_KVM=1 turns hardware virtualisation off."""

MOTD = """
This is a Debian 12 node.  You are alice, and may use sudo.  Try:

  chos --list                   list the OSs
  chos -o trixie                start a shell in Debian 13; `exit` returns
  chos -o bullseye python3 -V   run one command in Debian 11
  sudo chosctl status           show the state of the node
  sudo chosctl doctor           look for problems

To leave the node, type `exit` in this shell, or Ctrl-A and then x.

"""
# internal-sftp, because one of the trees has no sftp server.
SSHD = "UsePAM yes\nKbdInteractiveAuthentication no\nUseDNS no\nSubsystem sftp internal-sftp\n"
SSH = "Host node\n  StrictHostKeyChecking accept-new\n  LogLevel ERROR\n"
ALLOWLIST = "trixie:/os/trixie\nbullseye:/os/bullseye\n"


def prepare():
    """Make everything that the node needs, in parallel; return (kernel, disks)."""
    host.need("trees")
    jobs = Parallel(3)

    def kernel_with_module():
        kernel = kernels.get("6.1")
        _ = kernel.ko
        return kernel

    def programs():
        host.need("tools", "vm")
        return tools.installed()

    def os_trees():
        for tree in node.OS_TREES.values():
            trees.get(tree)

    jobs.start("programs", programs)
    jobs.start("kernel", kernel_with_module)
    jobs.start("trees", os_trees)
    kernel = jobs.wait()["kernel"]
    return kernel, node.disks()


def transcript(kernel, disks: tuple) -> int:
    """Boot the node, play the steps, print the transcript; return the exit status."""
    files = {f"{node.TESTS}/driver.py": (node.BOOT / "driver.py", 0o755),
             "etc/ssh/sshd_config": (SSHD, 0o644), "root/.ssh/config": (SSH, 0o600),
             "etc/motd": ("", 0o644),
             **node.unit("chos-driver.service")}
    image = node.archive(kernel, files).build()
    say(f"booting the node with kernel {kernel.release}"
        f" ({'KVM' if qemu.kvm() else 'TCG, no KVM'})")
    with qemu.Machine(kernel, image, "demo", disks=disks, debug=False,
                      append="rw quiet systemd.show_status=false") as machine:
        sessions = Sessions(machine, qemu.scale())
        say("the node is up")
        for user in ("root", "alice", "bob"):
            sessions.open(user)
        for name in demo_steps.LAPTOPS:
            sessions.open("root", name)
        wrong = demo_steps.play(sessions, ALLOWLIST)
        console = machine.console.read_text(errors="replace")
    for line in qemu.suspects(console):
        wrong.append(f"the node's kernel logged: {line}")
    print()
    for text in wrong:
        print(f"WRONG: {text}")
    say("done" if not wrong else f"done; the node's console: {machine.console}")
    return 1 if wrong else 0


def shell(kernel, disks: tuple) -> int:
    """Boot the node with a shell of alice on this terminal; return QEMU's exit status."""
    files = {"etc/chos": (ALLOWLIST, 0o644), "etc/motd": (MOTD, 0o644),
             **node.unit("chos-shell.service")}
    path = qemu.run_folder() / "shell.initrd"
    path.write_bytes(node.archive(kernel, files).build())
    line = qemu.command(kernel, path, "chardev:console", disks=disks, debug=False, results="null",
                        append="rw quiet loglevel=1 systemd.show_status=false")
    line += ["-chardev", "stdio,id=console,mux=on,signal=off", "-mon", "console"]
    host.need("vm")
    say("booting the node; to leave it, type `exit`, or Ctrl-A and then x")
    return subprocess.run(line, check=False).returncode


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests/demo", description=HELP,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shell", action="store_true", help="start a shell of alice on the node")
    options = parser.parse_args()
    if options.shell and not os.isatty(0):
        print("tests/demo: --shell needs a terminal", file=sys.stderr)
        return 2
    try:
        kernel, disks = prepare()
        say(f"everything is ready after {elapsed():.0f} s")
        return shell(kernel, disks) if options.shell else transcript(kernel, disks)
    except Failure as failure:
        print(f"tests/demo: {failure}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
