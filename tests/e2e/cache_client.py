#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Load on the cache server of tests/fixtures/cache.c.

cache_client.py PORT REPORT KEPT RATE [NEW]

KEPT connections stay open to the end and make RATE requests a second each;
one more is silent in between; NEW others a second are made for one request.
Every answer is compared with what was stored.  Writes REPORT, JSON, when it
gets SIGUSR1, and once more when it gets SIGTERM, and ends with 1 if a
connection ended, an answer was wrong or none came in time.
"""

import json
import os
import signal
import socket
import sys
import threading
import time

PATIENCE = 10  # seconds for an answer
KEYS = 8  # of each connection


class Tally:
    def __init__(self):
        self.lock = threading.Lock()
        self.counts = {"answers": 0, "hits": 0, "repeated": 0, "new": 0}
        self.generations = {}
        self.longest_ms = 0
        self.failures = []

    def count(self, what, n=1):
        with self.lock:
            self.counts[what] += n

    def answered(self, generation, seconds):
        with self.lock:
            self.counts["answers"] += 1
            self.generations[generation] = (
                self.generations.get(generation, 0) + 1)
            self.longest_ms = max(self.longest_ms, int(seconds * 1000))

    def failed(self, name, why):
        with self.lock:
            self.failures.append(f"{name}: {why}")

    def write(self, report):
        with self.lock:
            text = json.dumps({**self.counts, "generations": self.generations,
                               "longest_ms": self.longest_ms,
                               "failures": self.failures})
        with open(report + ".new", "w", encoding="ascii") as out:
            out.write(text)
        os.rename(report + ".new", report)


class Connection:
    """One connection; its requests are numbered, its keys its own."""

    def __init__(self, port, name, tally):
        self.name, self.tally = name, tally
        self.sock = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.sock.settimeout(PATIENCE)
        self.data, self.id = b"", 0

    def line(self):
        while b"\n" not in self.data:
            more = self.sock.recv(4096)
            if not more:
                raise EOFError("the connection ended")
            self.data += more
        line, self.data = self.data.split(b"\n", 1)
        return line.decode().split(" ", 2)

    def ask(self, request, wanted):
        self.id += 1
        began = time.monotonic()
        self.sock.sendall(f"{self.id} {request}\n".encode())
        while True:
            number, generation, text = self.line()
            if int(number) >= self.id:
                break
            # A server answered and died, and so its successor answered as well.
            self.tally.count("repeated")
        if int(number) != self.id or text != wanted:
            raise ValueError(f"{request}: wanted {self.id} {wanted}, "
                             f"got {number} {text}")
        self.tally.answered(int(generation), time.monotonic() - began)

    def exchange(self, turn):
        """Store something new, and look whether all that was is there."""
        key = f"{self.name}.{turn % KEYS}"
        if turn >= KEYS:
            self.ask(f"GET {key}", f"HIT v{turn - KEYS}")
            self.tally.count("hits")
        self.ask(f"SET {key} v{turn}", "OK")


def kept(port, name, tally, ending, pause):
    turn = 0
    try:
        connection = Connection(port, name, tally)
        connection.exchange(turn)
        while not ending.wait(pause):
            turn += 1
            connection.exchange(turn)
        connection.exchange(turn + 1)
    except (OSError, EOFError, ValueError) as error:
        tally.failed(name, repr(error))


def renewed(port, tally, ending, rate):
    try:
        Connection(port, "first", tally).ask("SET common here", "OK")
        while not ending.wait(1 / rate):
            connection = Connection(port, "new", tally)
            connection.ask("GET common", "HIT here")
            tally.count("hits")
            tally.count("new")
            connection.sock.close()
    except (OSError, EOFError, ValueError) as error:
        tally.failed("new", repr(error))


def main():
    port, report = int(sys.argv[1]), sys.argv[2]
    number, rate = int(sys.argv[3]), float(sys.argv[4])
    tally, ending = Tally(), threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ending.set())
    signal.signal(signal.SIGUSR1, lambda *_: tally.write(report))
    threads = [
        threading.Thread(target=kept, args=(port, f"k{i}", tally, ending,
                                            1 / rate))
        for i in range(number)]
    # It is silent throughout, whatever happens.
    threads.append(threading.Thread(
        target=kept, args=(port, "silent", tally, ending, 3600)))
    if len(sys.argv) > 5:
        threads.append(threading.Thread(
            target=renewed,
            args=(port, tally, ending, float(sys.argv[5]))))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tally.write(report)
    sys.exit(1 if tally.failures else 0)


main()
