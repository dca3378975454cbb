#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Idle connections of a generation that drains are ended over --drain-idle.
CONNECTIONS clients keep their connection, and each sends a request now and then,
on average once in MEAN seconds.  A client that gets no answer because its
connection has ended asks once more on a new one, as clients do with requests
that may be repeated.  No request fails for it, and the old process is gone at
most OVER seconds after --drain-idle.  Told is as well how many requests had to
be repeated."""

import heapq
import os
import random
import resource
import select
import socket
import sys
import time

import rig

CONNECTIONS = rig.setting("CONNECTIONS", 10000)
MEAN = rig.setting("MEAN", 60.0)
OVER = rig.setting("OVER", 2.0)
IDLE = rig.setting("IDLE", 10.0)
REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class Clients:
    """All clients, in one loop; a client is known by its number."""

    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.address = (host, int(port))
        self.epoll = select.epoll()
        self.socks, self.asked, self.due = {}, {}, []
        self.by_fd = {}
        self.requests = self.repeated = self.failed = self.ended = 0
        for number in range(CONNECTIONS):
            self.connect(number)
            self.ask(number, 0)

    def connect(self, number):
        sock = socket.create_connection(self.address)
        self.socks[number] = sock
        self.by_fd[sock.fileno()] = number
        self.epoll.register(sock, select.EPOLLIN)

    def ask(self, number, tries):
        self.asked[number] = tries
        try:
            self.socks[number].sendall(REQUEST)
        except OSError:
            pass  # the end is read next

    def later(self, number):
        pause = random.expovariate(1 / MEAN)
        heapq.heappush(self.due, (time.monotonic() + pause, number))

    def lose(self, number):
        """The server has ended the connection."""
        sock = self.socks.pop(number)
        self.by_fd.pop(sock.fileno())
        self.epoll.unregister(sock)
        sock.close()
        self.connect(number)
        tries = self.asked.get(number)
        if tries is None:
            self.ended += 1
        elif tries > 0:
            self.failed += 1
            self.asked.pop(number)
            self.later(number)
        else:
            self.repeated += 1
            self.ask(number, tries + 1)

    def hear(self, number):
        try:
            text = self.socks[number].recv(4096)
        except OSError:
            text = b""
        if not text:
            self.lose(number)
            return
        self.requests += 1
        self.asked.pop(number, None)
        self.later(number)

    def turn(self):
        now = time.monotonic()
        while self.due and self.due[0][0] <= now:
            _, number = heapq.heappop(self.due)
            self.ask(number, 0)
        wait = self.due[0][0] - now if self.due else 0.1
        for fd, _ in self.epoll.poll(min(wait, 0.1)):
            if fd in self.by_fd:
                self.hear(self.by_fd[fd])


def main():
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with rig.Rig() as web:
        web.release("v1")
        web.serve("--keep", "0", "--bake", "0", "--drain-timeout", "none",
                  "--drain-idle", f"{IDLE:g}s", "--backlog", "4096")
        clients = Clients(web.address)
        quiet = time.monotonic() + 12
        while time.monotonic() < quiet:
            clients.turn()
        before = clients.requests, clients.repeated
        old = web.status()["generations"][0]["pid"]
        web.release("v2")
        web.hotswap("upgrade", "web")
        began = time.monotonic()
        while os.path.exists(f"/proc/{old}"):
            clients.turn()
            if time.monotonic() - began > 3 * (IDLE + OVER):
                break
        took = time.monotonic() - began
        requests = clients.requests - before[0]
        repeated = clients.repeated - before[1]
        print(f"{CONNECTIONS} connections, a request each {MEAN:g} s, "
              f"--drain-idle {IDLE:g}s")
        web.claim(clients.failed == 0 and clients.requests > 0,
                  f"{clients.failed} of {requests} requests failed; "
                  f"{repeated} were repeated on another connection, and "
                  f"{clients.ended} connections ended while idle")
        web.claim(took <= IDLE + OVER,
                  f"the old process was gone after {took:.1f} s")
        return web.verdict()


if __name__ == "__main__":
    sys.exit(main())
