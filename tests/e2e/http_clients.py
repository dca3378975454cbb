#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Clients of an HTTP server: http_clients.py HOST:PORT WHAT [ARGUMENT].

silent N    N connections on which nothing is sent
half N      the same with half of a request
deaf N      the same with many requests, whose answers are not read
ask N       N requests at the same time; all are answered whole
pipeline N  three requests on one connection, without waiting for the answers
waiting     succeeds if the server has a connection that it has accepted
go_on FILE  one request after the other, each on a new connection, until the
            file is there; fails if one of them fails
"""
import os
import socket
import subprocess
import sys
import time

HOST, PORT = sys.argv[1].rsplit(":", 1)
WHAT = sys.argv[2]
REQUEST = b"GET /metrics HTTP/1.1\r\nHost: x\r\n"


def connect(room=None):
    peer = socket.socket()
    peer.settimeout(60)
    if room is not None:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    peer.connect((HOST, int(PORT)))
    return peer


def read_all(peer):
    data = b""
    while True:
        more = peer.recv(65536)
        if not more:
            return data
        data += more


def check(answer):
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 "), head
    assert f"Content-Length: {len(body)}\r\n".encode() in head, head
    assert b"hotswap_up" in body


def ask(count):
    peers = []
    for _ in range(count):
        peers.append(connect())
        peers[-1].sendall(REQUEST + b"Connection: close\r\n\r\n")
    for peer in peers:
        check(read_all(peer))


def hold(count, data):
    """More than the server takes: it may close some of them."""
    peers = []
    for _ in range(count):
        peers.append(connect(4096))
        try:
            peers[-1].settimeout(0.01)
            peers[-1].sendall(data)
        except OSError:
            pass
    print("connected", flush=True)
    time.sleep(600)


def go_on(file):
    count = 0
    while not os.path.exists(file):
        peer = connect()
        peer.sendall(REQUEST + b"Connection: close\r\n\r\n")
        check(read_all(peer))
        count += 1
        if count == 5:
            print("asking", flush=True)


def main():
    if WHAT == "ask":
        # Those beyond the limit of connections wait in the queue.
        ask(int(sys.argv[3]))
    elif WHAT == "silent":
        hold(int(sys.argv[3]), b"")
    elif WHAT == "half":
        hold(int(sys.argv[3]), REQUEST)
    elif WHAT == "deaf":
        hold(int(sys.argv[3]), (REQUEST + b"\r\n") * 300)
    elif WHAT == "pipeline":
        peer = connect()
        peer.sendall((REQUEST + b"\r\n") * 3)
        peer.shutdown(socket.SHUT_WR)
        answer = read_all(peer)
        assert answer.count(b"HTTP/1.1 200 OK") == 3, answer
    elif WHAT == "waiting":
        out = subprocess.run(
            ["ss", "-Htn", "state", "established", "sport", "=", PORT],
            check=True, capture_output=True, text=True).stdout
        assert out and all(line.split()[0] == "0"
                           for line in out.splitlines()), out
    elif WHAT == "go_on":
        go_on(sys.argv[3])


main()
