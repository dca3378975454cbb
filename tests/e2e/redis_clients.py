#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Clients of a redis-server: each keeps its connection and counts upwards in
a key of its own; only when the connection ends does it make another.  Ends
at SIGTERM and prints what it saw as JSON: refused and reset are of new
connections, before their first answer; lost are acknowledged writes that are
gone."""
import json
import signal
import socket
import sys
import threading
import time

PORT = int(sys.argv[1])
CLIENTS = 8
seen = dict(connections=0, ended=0, answers=0, refused=0, reset=0, lost=0,
            longest_ms=0)
lock = threading.Lock()
ending = threading.Event()


def note(what):
    with lock:
        seen[what] += 1


def connect():
    """A connection; None, and noted, if there is none to be had."""
    note("connections")
    try:
        return socket.create_connection(("127.0.0.1", PORT), timeout=20)
    except OSError:
        note("refused")
        time.sleep(0.01)
        return None


def increment(connection, key):
    """The counter; None if the connection has ended, 0 while it loads."""
    try:
        connection.sendall(b"INCR %s\r\n" % key)
        line = b""
        while not line.endswith(b"\r\n"):
            part = connection.recv(4096)
            if not part:
                return None
            line += part
    except OSError:
        return None
    return 0 if line.startswith(b"-LOADING") else int(line[1:])


def client(number):
    key, last, connection, fresh = b"key%d" % number, 0, None, True
    while not ending.is_set():
        if connection is None:
            began, fresh = time.monotonic(), True
            connection = connect()
            continue
        value = increment(connection, key)
        if value is None:
            note("reset" if fresh else "ended")
            connection.close()
            connection = None
            continue
        if value == 0:
            continue
        if value <= last:
            note("lost")
        if fresh:
            took = int((time.monotonic() - began) * 1000)
            with lock:
                seen["longest_ms"] = max(seen["longest_ms"], took)
        last, fresh = value, False
        note("answers")
        ending.wait(0.002)


signal.signal(signal.SIGTERM, lambda *_: ending.set())
threads = [threading.Thread(target=client, args=(n,)) for n in range(CLIENTS)]
for thread in threads:
    thread.start()
print("running", file=sys.stderr, flush=True)
while not ending.is_set():
    ending.wait(0.1)
for thread in threads:
    thread.join()
print(json.dumps(seen))
