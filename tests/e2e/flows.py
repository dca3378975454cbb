#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Clients of a UDP server: flows.py HOST PORT FLOWS CONTROL SOURCE [quic]

Each flow is a socket that sends a datagram every PAUSE seconds (0.05) and reads
which version answers.  With quic the datagrams look like those of QUIC: the first one has a
long header, the next ones have short headers with a connection ID.  CONTROL is
a FIFO with one command a line:

    begin N      start N more flows
    move         let all flows go on from another port
    mark FILE    write into FILE what the flows have seen since the last mark;
                 answers count from the last mark at which no flow was silent
    stop         exit
"""

import json
import os
import selectors
import socket
import sys
import time

PAUSE = float(os.environ.get("PAUSE", "0.05"))
SELECTOR = selectors.DefaultSelector()
PATIENCE = 10.0  # seconds after which a datagram counts as lost
# So many are under way at once: what a busy server's queue has no room for
# would be lost by no fault of steering.
UNDER_WAY = 100


class Flow:
    number = 0

    def __init__(self, where, source, quic):
        Flow.number += 1
        self.where = where
        self.source = source
        self.quic = quic
        self.id = b"%08d" % Flow.number
        self.begun = False
        self.waits_since = None
        self.who = None
        self.torn = self.lost = self.answered = 0
        self.open()

    def open(self):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((self.source, 0))
        self.sock.setblocking(False)
        self.sock.connect(self.where)
        SELECTOR.register(self.sock, selectors.EVENT_READ, self)

    def move(self):
        SELECTOR.unregister(self.sock)
        self.sock.close()
        self.waits_since = None
        self.open()

    def send(self, now):
        data = b"hello"
        if self.quic:
            data = (b"\x40" + self.id if self.begun else
                    b"\xc0\x00\x00\x00\x01\x08" + self.id) + b"rest of it"
        self.begun = True
        try:
            self.sock.send(data)
            self.waits_since = now
        except OSError:
            self.lost += 1

    def receive(self):
        try:
            answer = self.sock.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            self.lost += 1
            self.waits_since = None
            return
        self.waits_since = None
        self.answered += 1
        who = answer.split(b"\r\n")[0].decode()
        if self.who is not None and who != self.who:
            self.torn += 1
        self.who = who

    def tick(self, now):
        if self.waits_since is None:
            self.send(now)
        elif now - self.waits_since > PATIENCE:
            self.lost += 1
            self.waits_since = None


def tick_all(flows, now, turn):
    """Let the flows send, from flows[turn] on; with whom to go on."""
    under_way = sum(flow.waits_since is not None for flow in flows)
    left_out = 0
    for n, flow in enumerate(flows[turn:] + flows[:turn]):
        if flow.waits_since is not None:
            flow.tick(now)
        elif under_way < UNDER_WAY:
            flow.tick(now)
            under_way += 1
        else:
            left_out = left_out or n
    return (turn + left_out) % max(len(flows), 1)


def report(flows, file):
    who = {}
    for flow in flows:
        who[flow.who] = who.get(flow.who, 0) + 1
    with open(file + ".new", "w", encoding="ascii") as out:
        json.dump({"flows": len(flows),
                   "answered": sum(flow.answered for flow in flows),
                   "lost": sum(flow.lost for flow in flows),
                   "torn": sum(1 for flow in flows if flow.torn),
                   "silent": sum(1 for flow in flows if not flow.answered),
                   "who": who}, out)
    os.rename(file + ".new", file)
    complete = all(flow.answered for flow in flows)
    for flow in flows:
        flow.torn = flow.lost = 0
        if complete:
            flow.answered = 0


def main():
    host, port, count, control, source = sys.argv[1:6]
    quic = sys.argv[6:] == ["quic"]
    where = (host, int(port))
    flows = [Flow(where, source, quic) for _ in range(int(count))]
    if not os.path.exists(control):
        os.mkfifo(control)
    commands = os.open(control, os.O_RDWR)
    SELECTOR.register(commands, selectors.EVENT_READ, None)
    text = b""
    turn = 0
    while True:
        begin = time.monotonic()
        turn = tick_all(flows, begin, turn)
        while (left := begin + PAUSE - time.monotonic()) > 0:
            for key, _ in SELECTOR.select(left):
                if key.data is not None:
                    key.data.receive()
                    continue
                text += os.read(commands, 4096)
            while b"\n" in text:
                line, text = text.split(b"\n", 1)
                words = line.decode().split()
                if words[0] == "stop":
                    return
                if words[0] == "begin":
                    flows += [Flow(where, source, quic)
                              for _ in range(int(words[1]))]
                elif words[0] == "move":
                    for flow in flows:
                        flow.move()
                else:
                    report(flows, words[1])
                break


main()
