#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""typist.py [--terminal] QUESTION=ANSWER... -- COMMAND...

Runs a command, and types each ANSWER when the command has printed its QUESTION, in this order.  Prints
the output of the command and exits with its status.  (Input that is sent earlier would be lost: a
program discards it before it asks for a password.)  With --terminal the command has a new terminal as
its controlling terminal.
"""

import errno
import os
import subprocess
import sys
import time


def on_terminal(command: list) -> tuple:
    """Start a command on a new terminal; return (process, descriptor to read, descriptor to write)."""
    master, terminal = os.openpty()
    process = subprocess.Popen(command, preexec_fn=lambda: os.login_tty(terminal))
    os.close(terminal)
    return process, master, master


def on_pipes(command: list) -> tuple:
    """Start a command with pipes; return (process, descriptor to read, descriptor to write)."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT)
    return process, process.stdout.fileno(), process.stdin.fileno()


def read(process, source: int) -> bytes:
    """The next output of the command; empty when it has ended."""
    while True:
        try:
            return os.read(source, 4096)
        except OSError as error:
            if error.errno != errno.EIO or process.poll() is not None:
                return b""
            # login(1) hangs its terminal up and opens it again; no event reports that.
            time.sleep(0.02)


def main() -> int:
    words = sys.argv[1:]
    run = on_pipes
    if words[0] == "--terminal":
        run = on_terminal
        del words[0]
    end = words.index("--")
    answers = [word.split("=", 1) for word in words[:end]]
    process, source, sink = run(words[end + 1:])
    unseen = b""
    while data := read(process, source):
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        unseen += data
        while answers and answers[0][0].encode() in unseen:
            question, answer = answers.pop(0)
            unseen = unseen.split(question.encode(), 1)[1]
            os.write(sink, answer.encode() + b"\n")
    return process.wait()


if __name__ == "__main__":
    sys.exit(main())
