#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Runs on the node: login sessions that the host (sessions.py) drives over the second serial port.

Lines from the host:      OPEN ID USER        TYPE ID BASE64        CLOSE ID
Lines to the host:        READY   OPENED ID   OUT ID BASE64   CLOSED ID STATUS

A session is a `su - USER` that reads commands from a pipe, as a shell on a terminal reads lines.
Programs started in it, such as a shell in another OS, read the lines that follow.
"""

import base64
import os
import subprocess
import sys
import threading

lock = threading.Lock()
sessions = {}


def tell(port, *words):
    """Send a line to the host."""
    with lock:
        port.write((" ".join(words) + "\n").encode())
        port.flush()


def pump(port, name, process):
    """Forward the output of a session to the host, and its exit status when it ends."""
    for line in process.stdout:
        tell(port, "OUT", name, base64.b64encode(line.rstrip(b"\n")).decode() or "-")
    tell(port, "CLOSED", name, str(process.wait()))


def main():
    subprocess.run(["stty", "-F", "/dev/ttyS1", "raw", "-echo"], check=True)
    port_in = open("/dev/ttyS1", "rb", buffering=0)
    port = open("/dev/ttyS1", "wb")
    tell(port, "READY")
    rest = b""
    while True:
        data = os.read(port_in.fileno(), 4096)
        rest += data
        while b"\n" in rest:
            line, rest = rest.split(b"\n", 1)
            word, name, *arguments = line.decode().split()
            if word == "OPEN":
                sessions[name] = subprocess.Popen(
                    ["su", "-", arguments[0]], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT, cwd="/")
                threading.Thread(target=pump, args=(port, name, sessions[name]),
                                 daemon=True).start()
                tell(port, "OPENED", name)
            elif word == "TYPE":
                sessions[name].stdin.write(base64.b64decode(arguments[0]) + b"\n")
                sessions[name].stdin.flush()
            elif word == "CLOSE":
                sessions[name].stdin.close()


if __name__ == "__main__":
    sys.exit(main())
