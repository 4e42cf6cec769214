# SPDX-License-Identifier: BSD-3-Clause
"""Login sessions on the node, driven from this machine over the second serial port.

boot/driver.py is the other end.  Others use Sessions, whose methods raise Failure if the node does not
answer in time.
"""

import base64
import time

from .progress import Failure, tail

LIMIT = 300  # seconds for a command; far more than any of them needs


class Sessions:
    """The sessions of one machine.  Commands may run in several of them at the same time."""

    def __init__(self, machine, scale: int):
        self._machine = machine
        self._limit = LIMIT * (2 if scale > 1 else 1)
        self._output = {}  # session -> lines of output of its last command
        self._status = {}  # session -> exit status of its last command, None while it runs
        self._await(lambda word: word == "READY", "the node did not come up")

    def open(self, user: str, name: str = "") -> None:
        """Log a user in.  name: the name of the session; by default the user's name."""
        name = name or user
        self._output[name], self._status[name] = [], 0
        self._machine.send(f"OPEN {name} {user}\n")
        self.finish(self.type(name, "true"))

    def type(self, user: str, command: str) -> str:
        """Type a line into a session without waiting for its end; return the session's name."""
        self._output[user], self._status[user] = [], None
        # The second line may be read by another shell, which the first line has started.
        for line in (command, 'echo "<<end $?>>"'):
            coded = base64.b64encode(line.encode()).decode()
            self._machine.send(f"TYPE {user} {coded}\n")
        return user

    def finish(self, user: str) -> tuple:
        """Wait for the end of the last line typed; return (exit status, lines of output)."""
        self._await(lambda _: self._status[user] is not None,
                    f"the command in the session {user} did not end")
        return self._status[user], self._output[user]

    def _await(self, reached, complaint: str) -> None:
        """Read lines from the node until reached(first word of the line); else raise Failure."""
        end = time.monotonic() + self._limit
        word = ""
        while not reached(word):
            try:
                line = self._machine.line(max(end - time.monotonic(), 0))
            except EOFError:
                line = None
            if line is None:
                raise Failure(f"{complaint}; the end of the node's console:\n"
                              f"{tail(self._machine.console)}")
            word, _, rest = line.partition(" ")
            if word == "OUT":
                self._take(*rest.split(" "))
            elif word == "CLOSED":
                user, _, status = rest.partition(" ")
                self._status[user] = int(status)

    def _take(self, user: str, coded: str) -> None:
        text = "" if coded == "-" else base64.b64decode(coded).decode(errors="replace").rstrip("\r")
        if text.startswith("<<end ") and text.endswith(">>"):
            self._status[user] = int(text[6:-2])
        else:
            self._output[user].append(text)
