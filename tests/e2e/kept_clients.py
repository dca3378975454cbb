#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Clients that keep their connections to a server: kept_clients.py PORT IDLE
SLOW MS.  Each asks once; SLOW of them then ask at once for an answer that takes
MS milliseconds.  Makes the file `kept` when all have asked, waits until the
server has ended all connections, and prints what was seen as JSON: ended, with
nothing under way; answered, the slow ones; broken, a connection that ended
before its answer, or by a reset."""
import json
import selectors
import socket
import sys

PORT, IDLE, SLOW, MS = (int(arg) for arg in sys.argv[1:])
seen = dict(ended=0, answered=0, broken=0)


def ask(client, path):
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())


def answer(client):
    """Read one answer; false at the end of file."""
    text = b""
    while b"\r\n\r\n" not in text:
        part = client.recv(4096)
        if not part:
            return False
        text += part
    head, body = text.split(b"\r\n\r\n", 1)
    length = [line.split(b":")[1] for line in head.lower().split(b"\r\n")
              if line.startswith(b"content-length:")]
    while len(body) < int(length[0]):
        body += client.recv(4096)
    return True


def end_of(client, waits):
    """An answer or the end has come: true at the end."""
    try:
        came = answer(client)
    except OSError:
        seen["broken"] += 1
        return True
    if came:
        seen["answered"] += 1
        return False
    seen["broken" if waits else "ended"] += 1
    return True


def main():
    ready = selectors.DefaultSelector()
    for i in range(IDLE + SLOW):
        client = socket.create_connection(("127.0.0.1", PORT))
        # The kernel's clock shows that the answer was later than the request,
        # or, of the slow ones, does not show which was later.
        ask(client, "/slow?ms=8" if i < IDLE else "/")
        answer(client)
        if i >= IDLE:
            ask(client, f"/slow?ms={MS}")
        ready.register(client, selectors.EVENT_READ, i >= IDLE)
    with open("kept", "w", encoding="ascii"):
        pass
    while ready.get_map():
        for key, _ in ready.select():
            if end_of(key.fileobj, key.data):
                ready.unregister(key.fileobj)
                key.fileobj.close()
            else:
                ready.modify(key.fileobj, selectors.EVENT_READ, False)
    print(json.dumps(seen))


main()
