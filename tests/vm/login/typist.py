#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""typist.py QUESTION=ANSWER... -- COMMAND...

Runs a command and types each answer when its question has been asked, in this order; shows what the
command prints and ends with its status.  A program that asks for a password throws away what was
typed before it asked.
"""

import os
import subprocess
import sys


def main() -> int:
    end = sys.argv.index("--")
    answers = [word.split("=", 1) for word in sys.argv[1:end]]
    process = subprocess.Popen(sys.argv[end + 1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT)
    unseen = b""
    while data := os.read(process.stdout.fileno(), 4096):
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        unseen += data
        while answers and answers[0][0].encode() in unseen:
            question, answer = answers.pop(0)
            unseen = unseen.split(question.encode(), 1)[1]
            process.stdin.write(answer.encode() + b"\n")
            process.stdin.flush()
    return process.wait()


if __name__ == "__main__":
    sys.exit(main())
