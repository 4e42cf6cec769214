# SPDX-License-Identifier: BSD-3-Clause
"""The steps of tests/demo, and the checks of each output.

Others call play(), and use LAPTOPS, the names of the sessions to open beside those of the users.
play() raises Failure if a session does not answer; a wrong output is in the list that it returns.
"""

import re

from .progress import elapsed


class Stage:
    """Prints what users type and what they see, and records what is wrong."""

    def __init__(self, sessions):
        self.wrong = []
        self.place = {}  # user -> the OS that the session is in
        self._sessions = sessions

    def title(self, text: str) -> None:
        seconds = int(elapsed())
        print(f"\n=== {text}  [{seconds // 60}:{seconds % 60:02d}]", flush=True)

    def run(self, user: str, command: str, *wanted: str, status: int = 0) -> list:
        """A user types a command; returns the lines of its output.

        wanted: regular expressions, each of which must match a line of the output.
        """
        self._sessions.type(user, command)
        return self._show(user, command, wanted, status)

    def run_both(self, first: tuple, second: tuple) -> None:
        """Two users type at the same time: (user, command, regular expression...)."""
        for user, command, *_ in (first, second):
            self._sessions.type(user, command)
        for user, command, *wanted in (first, second):
            self._show(user, command, wanted, 0)

    def check(self, condition: bool, text: str) -> None:
        """Record and print the text if the condition is false."""
        if not condition:
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
        self.check(got == status, f"`{command}` exited with {got}, not {status}")
        for pattern in wanted:
            self.check(any(re.search(pattern, line) for line in lines),
                       f"the output of `{command}` does not match {pattern!r}")
        return lines


LAPTOPS = ("laptop1", "laptop2")  # sessions that stand for the users' own machines
WHICH_OS = ". /etc/os-release; echo $PRETTY_NAME; python3 --version"
MOUNTS = "wc -l </proc/self/mountinfo"


def play(sessions, allowlist: str) -> list:
    """Play all steps; return a list of texts, one for each wrong output."""
    stage = Stage(sessions)
    _admin(stage, allowlist)
    mounts = stage.run("root", MOUNTS, r"^\d+$")
    _two_users(stage)
    _shared(stage)
    _switch(stage)
    _logins(stage)
    stage.title("Switching mounts nothing: the number of mounts has not changed")
    after = stage.run("root", MOUNTS, r"^\d+$")
    stage.check(mounts == after, "the number of mounts has changed")
    _end(stage)
    return stage.wrong


def _admin(stage: Stage, allowlist: str) -> None:
    stage.title("The node runs Debian 12; its admin loads the module, and two files appear")
    stage.run("root", WHICH_OS, r"GNU/Linux 12 \(bookworm\)", r"Python 3\.11")
    stage.run("root", "insmod /lib/modules/$(uname -r)/updates/chos.ko")
    stage.run("root", "ls -l /proc/chos/link /proc/chos/setchos",
              r"^lrwxrwxrwx .*/proc/chos/link -> /$", r"^-rw-rw-rw- .*/proc/chos/setchos$")

    stage.title("The admin makes two existing trees OSs, and brings the farm up")
    stage.run("root", "ls /var/lib/chos/os", "bullseye", "trixie")
    for name in (line.split(":")[0] for line in allowlist.split()):
        stage.run("root", f"chosctl os add {name} dir:/var/lib/chos/os/{name} 2>/dev/null",
                  f"^{name}: added, Debian GNU/Linux")
    stage.run("root", "cat /etc/chos", "^trixie:/os/trixie$")
    stage.run("root", "chosctl up", "^chos is up$")
    stage.run("root", "chosctl up", "nothing was changed")
    stage.run("root", "chosctl os list", r"^trixie +Debian GNU/Linux 13 .* dir:/var/lib/chos/os/trixie")


def _two_users(stage: Stage) -> None:
    stage.title("alice enters Debian 13, bob enters Debian 11; neither needs any privilege")
    stage.run("alice", "id -un; chos --list", "^alice$", "trixie", "bullseye")
    stage.run("alice", "chos -o trixie")
    stage.place["alice"] = "trixie"
    stage.run("bob", "chos -o bullseye")
    stage.place["bob"] = "bullseye"

    stage.title("Three releases of Debian now run on one node at the same time")
    stage.run("alice", WHICH_OS, r"GNU/Linux 13 \(trixie\)", r"Python 3\.13")
    stage.run("bob", WHICH_OS, r"GNU/Linux 11 \(bullseye\)", r"Python 3\.9")
    stage.run("root", WHICH_OS, r"GNU/Linux 12 \(bookworm\)", r"Python 3\.11")

    stage.title("At the same time: each waits in their OS until the other is there too (files in /tmp)")
    meet = ("touch /tmp/{me}; until [ -e /tmp/{you} ]; do :; done; "
            "echo \"{me}, in Debian $(cat /etc/debian_version), has met {you}\"")
    stage.run_both(
        ("alice", meet.format(me="alice", you="bob"), r"^alice, in Debian 13.*has met bob$"),
        ("bob", meet.format(me="bob", you="alice"), r"^bob, in Debian 11.*has met alice$"))


def _shared(stage: Stage) -> None:
    stage.title("Homes are shared: both write to a file of alice's")
    stage.run("alice", "echo \"alice, with $(python3 -V)\" >~/notes; chmod 666 ~/notes")
    stage.run("bob", "echo \"bob, with $(python3 -V)\" >>/home/alice/notes")
    for user in ("root", "alice"):
        stage.run(user, "cat /home/alice/notes", r"^alice, with Python 3\.13", r"^bob, with Python 3\.9")

    stage.title("The process list is shared: each sees the other's processes")
    stage.run("alice", "ps -u bob -o user,pid,args", r"^bob +\d+ .*bash")
    stage.run("bob", "ps -u alice -o user,pid,args", r"^alice +\d+ .*bash")

    stage.title("The devices and the host name are shared")
    stage.run("alice", "cat /etc/hostname /proc/sys/kernel/hostname; ls -l /dev/vda /dev/null",
              "^node$", "/dev/vda$", "/dev/null$")

    stage.title("The admin sees which user is in which OS")
    stage.run("root", "chosctl status", "trixie", "bullseye")


def _switch(stage: Stage) -> None:
    stage.title("A switch within a session: alice visits Debian 11 and returns")
    stage.run("alice", "cd ~; pwd; chos --current", "^/home/alice$", "^trixie$")
    stage.run("alice", "chos -o bullseye")
    stage.place["alice"] = "bullseye"
    stage.run("alice", f"pwd; chos --current; {WHICH_OS}", "^/home/alice$", "^bullseye$",
              r"GNU/Linux 11 \(bullseye\)", r"Python 3\.9")
    stage.run("alice", "exit")
    stage.place["alice"] = "trixie"
    stage.run("alice", f"chos --current; {WHICH_OS}", "^trixie$", r"GNU/Linux 13 \(trixie\)")
    stage.run("alice", "CHOS=bullseye chos python3 --version", r"^Python 3\.9")

    stage.title("A name that is not allowed is refused; the message lists those that are")
    stage.run("alice", "chos -o sl6", "sl6", "trixie", "bullseye", status=126)
    stage.run("alice", "echo /os/sl6 >/proc/chos/setchos", "No such file", status=1)
    stage.run("alice", "chos --current", "^trixie$")


def _logins(stage: Stage) -> None:
    stage.title("With pam_chos, a login by ssh lands in the user's OS")
    stage.run("root", "chosctl pam enable sshd")
    stage.run("root", "ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key;"
                      " mkdir -p /run/sshd; /usr/sbin/sshd")
    stage.run("alice", "echo trixie >~/.chos")
    stage.run("bob", "echo bullseye >~/.chos")
    # There is only one machine: both laptops are sessions of root on the node.
    stage.run("root", "ssh-keygen -q -t ed25519 -N '' -f ~/.ssh/id_ed25519; for user in alice bob;"
                      " do install -D -o $user -m 600 ~/.ssh/id_ed25519.pub"
                      " /home/$user/.ssh/authorized_keys; done")

    one, two = LAPTOPS
    stage.title("Two ssh clients at the same time run a command")
    trixie, bullseye = r'^PRETTY_NAME="Debian .* 13 \(trixie\)', r'^PRETTY_NAME="Debian .* 11 \(bu'
    stage.run_both((one, "ssh -n alice@node cat /etc/os-release", trixie),
                   (two, "ssh -n bob@node cat /etc/os-release", bullseye))

    stage.title("Two shells on terminals; each waits until the other is there too")
    typed = ("printf '%s\\n' 'touch /tmp/{me}; until [ -e /tmp/{you} ]; do :; done'"
             " 'tty; chos --current; grep PRETTY /etc/os-release' exit | ssh -tt {user}@node")
    stage.run_both(
        (one, typed.format(me=one, you=two, user="alice"), "^/dev/pts/", "^trixie", trixie),
        (two, typed.format(me=two, you=one, user="bob"), "^/dev/pts/", "^bullseye", bullseye))

    stage.title("File transfers by scp and sftp")
    stage.run(one, "date >/tmp/sent; scp /tmp/sent alice@node: && cmp /tmp/sent /home/alice/sent")
    stage.run(one, "scp alice@node:/etc/os-release /tmp/got; cat /tmp/got", trixie)
    stage.run(two, "echo 'get /etc/os-release /tmp/got2' | sftp -q -b - bob@node; cat /tmp/got2",
              bullseye)
    stage.run("root", "journalctl -q -t pam_chos -o cat", r"^\(sshd\) user 'alice' enters 'trixie'",
              r"^\(sshd\) user 'bob' enters 'bullseye'")


def _end(stage: Stage) -> None:
    stage.title("The farm cannot be taken down while users are in an OS, only when all have left")
    stage.run("root", "chosctl down", "alice", "bob", status=1)
    for user in ("alice", "bob"):
        stage.run(user, "exit")
        stage.place[user] = ""
        stage.run(user, "chos --current; . /etc/os-release; echo $PRETTY_NAME", "^base$|^/$",
                  r"GNU/Linux 12 \(bookworm\)")
    stage.run("root", "chosctl down", "^chos is down$")
    stage.run("root", "lsmod | grep -c '^chos '", "^0$", status=1)
