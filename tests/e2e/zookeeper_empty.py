#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Remove a node of ZooKeeper and all below it, whoever has made them, without
the second that its own client takes to start.
usage: zookeeper_empty.py PORT PATH"""
import socket
import struct
import sys

DELETE, CHILDREN, CLOSE = 2, 8, -11
NO_NODE = -101
PATIENCE = 60  # seconds for an answer


def text(string):
    return struct.pack(">i", len(string)) + string.encode()


class Session:
    """What zookeeper.jute says: a frame has its length and big-endian
    fields."""

    def __init__(self, port):
        self.sock = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.file = self.sock.makefile("rb")
        self.send(struct.pack(">iqiqi", 0, 0, 10000, 0, 16) + bytes(16))
        self.frame()

    def send(self, data):
        self.sock.sendall(struct.pack(">i", len(data)) + data)

    def frame(self):
        return self.file.read(struct.unpack(">i", self.file.read(4))[0])

    def call(self, kind, data=b""):
        """The error, and the rest of the answer."""
        self.send(struct.pack(">ii", 1, kind) + data)
        answer = self.frame()
        return struct.unpack(">i", answer[12:16])[0], answer[16:]

    def children(self, path):
        error, data = self.call(CHILDREN, text(path) + b"\0")
        if error == NO_NODE:
            return []
        if error:
            raise SystemExit(f"{path}: error {error}")
        count, at, names = struct.unpack(">i", data[:4])[0], 4, []
        for _ in range(count):
            size = struct.unpack(">i", data[at:at + 4])[0]
            names.append(data[at + 4:at + 4 + size].decode())
            at += 4 + size
        return names

    def remove(self, path):
        for name in self.children(path):
            self.remove(f"{path}/{name}")
        error = self.call(DELETE, text(path) + struct.pack(">i", -1))[0]
        if error not in (0, NO_NODE):
            raise SystemExit(f"{path}: error {error}")


def main():
    session = Session(int(sys.argv[1]))
    session.remove(sys.argv[2])
    session.call(CLOSE)


main()
