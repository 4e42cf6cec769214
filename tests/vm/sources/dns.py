# SPDX-License-Identifier: BSD-3-Clause
"""A name server on the loopback that knows one name, there.chos.test; prints `ready` when it listens."""

import socket
import struct

NAME = b"\5there\4chos\4test\0"
A_RECORD = b"\0\1\0\1"
ADDRESS = b"\xc0\x0c" + A_RECORD + struct.pack(">IH4B", 60, 4, 192, 0, 2, 7)  # RFC 1035, 4.1.3
NO_SUCH_NAME = 3

server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 53))
print("ready", flush=True)
while True:
    query, client = server.recvfrom(512)
    question = query[12:query.index(b"\0", 12) + 5]
    known = question.lower().startswith(NAME)
    answers = [ADDRESS] if known and question.endswith(A_RECORD) else []
    flags = 0x8180 | (0 if known else NO_SUCH_NAME)
    header = query[:2] + struct.pack(">5H", flags, 1, len(answers), 0, 0)
    server.sendto(header + question + b"".join(answers), client)
