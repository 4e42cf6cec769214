# SPDX-License-Identifier: BSD-3-Clause
"""What the demonstration shows, step by step, and what must be true of each output."""

import re

from .progress import elapsed


class Stage:
    """Prints what users type and what they see, and notes what is not as it should be."""

    def __init__(self, sessions):
        self.wrong = []
        self.place = {}  # user -> the OS its session is in
        self._sessions = sessions

    def title(self, text: str) -> None:
        seconds = int(elapsed())
        print(f"\n=== {text}  [{seconds // 60}:{seconds % 60:02d}]", flush=True)

    def run(self, user: str, command: str, *wanted: str, status: int = 0) -> list:
        """One user types one line.  wanted: patterns, each of which some line must match."""
        self._sessions.type(user, command)
        return self._show(user, command, wanted, status)

    def run_both(self, first: tuple, second: tuple) -> None:
        """Two users type at the same moment: (user, command, pattern ...)."""
        for user, command, *_ in (first, second):
            self._sessions.type(user, command)
        for user, command, *wanted in (first, second):
            self._show(user, command, wanted, 0)

    def check(self, true: bool, text: str) -> None:
        if not true:
            self.wrong.append(text)
            print(f"  !! {text}")

    def _show(self, user: str, command: str, wanted, status: int) -> list:
        place = f" ({self.place[user]})" if self.place.get(user) else ""
        sign = "#" if user == "root" else "$"
        where = user if user in LAPTOPS else f"{user}@node"
        print(f"\n  {where}{place}{sign} {command}", flush=True)
        got, lines = self._sessions.finish(user)
        for line in lines:
            print(f"    {line}")
        self.check(got == status, f"`{command}` ended with {got}, not {status}")
        for pattern in wanted:
            self.check(any(re.search(pattern, line) for line in lines),
                       f"`{command}` should say {pattern!r}")
        return lines


LAPTOPS = ("laptop1", "laptop2")  # sessions that play the users' own machines
WHICH_OS = ". /etc/os-release; echo $PRETTY_NAME; python3 --version"
MOUNTS = "wc -l </proc/self/mountinfo"


def play(sessions, allowlist: str) -> list:
    """Play everything; returns what was not as it should be."""
    stage = Stage(sessions)
    _admin(stage, allowlist)
    mounts = stage.run("root", MOUNTS, r"^\d+$")
    _two_users(stage)
    _shared(stage)
    _switch(stage)
    _logins(stage)
    stage.title("Nothing was mounted by all that: the number of mounts is what it was")
    after = stage.run("root", MOUNTS, r"^\d+$")
    stage.check(mounts == after, "the number of mounts has changed")
    _end(stage)
    return stage.wrong


def _admin(stage: Stage, allowlist: str) -> None:
    stage.title("The node runs Debian 12; its admin loads the module, and two files are there")
    stage.run("root", WHICH_OS, r"GNU/Linux 12 \(bookworm\)", r"Python 3\.11")
    stage.run("root", "insmod /lib/modules/$(uname -r)/updates/chos.ko")
    stage.run("root", "ls -l /proc/chos/link /proc/chos/setchos",
              r"^lrwxrwxrwx .*/proc/chos/link -> /$", r"^-rw-rw-rw- .*/proc/chos/setchos$")

    stage.title("She makes OSs of two trees that are there, and brings the farm up")
    stage.run("root", "ls /var/lib/chos/os", "bullseye", "trixie")
    for name in (line.split(":")[0] for line in allowlist.split()):
        stage.run("root", f"chosctl os add {name} dir:/var/lib/chos/os/{name} 2>/dev/null",
                  f"^{name}: added, Debian GNU/Linux")
    stage.run("root", "cat /etc/chos", "^trixie:/os/trixie$")
    stage.run("root", "chosctl up", "^chos is up$")
    stage.run("root", "chosctl up", "nothing was changed")
    stage.run("root", "chosctl os list", r"^trixie +Debian GNU/Linux 13 .* dir:/var/lib/chos/os/trixie")


def _two_users(stage: Stage) -> None:
    stage.title("alice goes to Debian 13, bob to Debian 11; neither needs any privilege")
    stage.run("alice", "id -un; chos --list", "^alice$", "trixie", "bullseye")
    stage.run("alice", "chos -o trixie")
    stage.place["alice"] = "trixie"
    stage.run("bob", "chos -o bullseye")
    stage.place["bob"] = "bullseye"

    stage.title("On one node, at one moment, there are now three Debians")
    stage.run("alice", WHICH_OS, r"GNU/Linux 13 \(trixie\)", r"Python 3\.13")
    stage.run("bob", WHICH_OS, r"GNU/Linux 11 \(bullseye\)", r"Python 3\.9")
    stage.run("root", WHICH_OS, r"GNU/Linux 12 \(bookworm\)", r"Python 3\.11")

    stage.title("Truly at once: each waits inside until the other is there too (files in /tmp)")
    meet = ("touch /tmp/{me}; until [ -e /tmp/{you} ]; do :; done; "
            "echo \"{me}, in Debian $(cat /etc/debian_version), has met {you}\"")
    stage.run_both(
        ("alice", meet.format(me="alice", you="bob"), r"^alice, in Debian 13.*has met bob$"),
        ("bob", meet.format(me="bob", you="alice"), r"^bob, in Debian 11.*has met alice$"))


def _shared(stage: Stage) -> None:
    stage.title("Homes are the node's: both write to one file of alice's")
    stage.run("alice", "echo \"alice, with $(python3 -V)\" >~/notes; chmod 666 ~/notes")
    stage.run("bob", "echo \"bob, with $(python3 -V)\" >>/home/alice/notes")
    for user in ("root", "alice"):
        stage.run(user, "cat /home/alice/notes", r"^alice, with Python 3\.13", r"^bob, with Python 3\.9")

    stage.title("So is the process list: each sees the other's processes")
    stage.run("alice", "ps -u bob -o user,pid,args", r"^bob +\d+ .*bash")
    stage.run("bob", "ps -u alice -o user,pid,args", r"^alice +\d+ .*bash")

    stage.title("And so are the devices and the name of the node")
    stage.run("alice", "cat /etc/hostname /proc/sys/kernel/hostname; ls -l /dev/vda /dev/null",
              "^node$", "/dev/vda$", "/dev/null$")

    stage.title("The admin sees who is where")
    stage.run("root", "chosctl status", "trixie", "bullseye")


def _switch(stage: Stage) -> None:
    stage.title("A switch within one session: alice looks into Debian 11 and comes back")
    stage.run("alice", "cd ~; pwd; chos --current", "^/home/alice$", "^trixie$")
    stage.run("alice", "chos -o bullseye")
    stage.place["alice"] = "bullseye"
    stage.run("alice", f"pwd; chos --current; {WHICH_OS}", "^/home/alice$", "^bullseye$",
              r"GNU/Linux 11 \(bullseye\)", r"Python 3\.9")
    stage.run("alice", "exit")
    stage.place["alice"] = "trixie"
    stage.run("alice", f"chos --current; {WHICH_OS}", "^trixie$", r"GNU/Linux 13 \(trixie\)")
    stage.run("alice", "CHOS=bullseye chos python3 --version", r"^Python 3\.9")

    stage.title("A name that is not allowed is refused, with what would be")
    stage.run("alice", "chos -o sl6", "sl6", "trixie", "bullseye", status=126)
    stage.run("alice", "echo /os/sl6 >/proc/chos/setchos", "No such file", status=1)
    stage.run("alice", "chos --current", "^trixie$")


def _logins(stage: Stage) -> None:
    stage.title("Logins by ssh can land in the user's OS by themselves: pam_chos")
    stage.run("root", "chosctl pam enable sshd")
    stage.run("root", "ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key;"
                      " mkdir -p /run/sshd; /usr/sbin/sshd")
    stage.run("alice", "echo trixie >~/.chos")
    stage.run("bob", "echo bullseye >~/.chos")
    # Both laptops are root on the node, since there is one machine only.
    stage.run("root", "ssh-keygen -q -t ed25519 -N '' -f ~/.ssh/id_ed25519; for user in alice bob;"
                      " do install -D -o $user -m 600 ~/.ssh/id_ed25519.pub"
                      " /home/$user/.ssh/authorized_keys; done")

    one, two = LAPTOPS
    stage.title("A real ssh client, twice at once: a command")
    trixie, bullseye = r'^PRETTY_NAME="Debian .* 13 \(trixie\)', r'^PRETTY_NAME="Debian .* 11 \(bu'
    stage.run_both((one, "ssh -n alice@node cat /etc/os-release", trixie),
                   (two, "ssh -n bob@node cat /etc/os-release", bullseye))

    stage.title("A shell with a terminal; each waits in it until the other is there too")
    typed = ("printf '%s\\n' 'touch /tmp/{me}; until [ -e /tmp/{you} ]; do :; done'"
             " 'tty; chos --current; grep PRETTY /etc/os-release' exit | ssh -tt {user}@node")
    stage.run_both(
        (one, typed.format(me=one, you=two, user="alice"), "^/dev/pts/", "^trixie", trixie),
        (two, typed.format(me=two, you=one, user="bob"), "^/dev/pts/", "^bullseye", bullseye))

    stage.title("Files, by scp and sftp")
    stage.run(one, "date >/tmp/sent; scp /tmp/sent alice@node: && cmp /tmp/sent /home/alice/sent")
    stage.run(one, "scp alice@node:/etc/os-release /tmp/got; cat /tmp/got", trixie)
    stage.run(two, "echo 'get /etc/os-release /tmp/got2' | sftp -q -b - bob@node; cat /tmp/got2",
              bullseye)
    stage.run("root", "journalctl -q -t pam_chos -o cat", r"^\(sshd\) user 'alice' enters 'trixie'",
              r"^\(sshd\) user 'bob' enters 'bullseye'")


def _end(stage: Stage) -> None:
    stage.title("The farm is not taken down under anybody's feet; when they have left, it is")
    stage.run("root", "chosctl down", "alice", "bob", status=1)
    for user in ("alice", "bob"):
        stage.run(user, "exit")
        stage.place[user] = ""
        stage.run(user, "chos --current; . /etc/os-release; echo $PRETTY_NAME", "^base$|^/$",
                  r"GNU/Linux 12 \(bookworm\)")
    stage.run("root", "chosctl down", "^chos is down$")
    stage.run("root", "lsmod | grep -c '^chos '", "^0$", status=1)
