#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""deaf_server.py PORT: a server that listens, and once it gets SIGUSR1 sees of
new clients the SYN alone: their handshakes go on as if they were far away.
Then there is a file `deaf`.  Without PORT it only tries whether this user may
attach a filter to a socket, which some kernels refuse."""

import ctypes
import signal
import socket
import struct
import sys

SO_ATTACH_FILTER = 26
# The data begins at the TCP header.
CODE = b"".join(struct.pack("HBBI", *line) for line in (
    (0x30, 0, 0, 13),          # the flags
    (0x54, 0, 0, 0x02),        # SYN
    (0x15, 0, 1, 0x02),
    (0x06, 0, 0, 0xffffffff),  # is taken
    (0x06, 0, 0, 0),           # is dropped
))

own = socket.socket()
lines = ctypes.create_string_buffer(CODE)


def attach():
    program = struct.pack("@HP", len(CODE) // 8, ctypes.addressof(lines))
    own.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)


def get_deaf(*_):
    attach()
    open("deaf", "w", encoding="utf-8").close()


if len(sys.argv) == 1:
    attach()
    sys.exit()
own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
own.bind(("127.0.0.1", int(sys.argv[1])))
own.listen(128)
signal.signal(signal.SIGUSR1, get_deaf)
while True:
    own.accept()[0].close()
