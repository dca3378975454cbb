# SPDX-License-Identifier: ISC
"""A peer for hotswap-probe that misbehaves in one way.

usage: peer.py ADDRESS [--record FILE] [--say=PART]... [--hang]

Listens on ADDRESS (inet, inet6, a path, @abstract), prints the port or the
address, then serves one connection after the other: waits for the first
bytes, sends each PART (with Python's escapes) as a segment of its own, and
closes.  With --hang it keeps the connection open instead.
"""
import argparse
import socket
import sys


def listen(address):
    if address == "inet":
        sock = socket.socket()
        sock.bind(("127.0.0.1", 0))
    elif address == "inet6":
        sock = socket.socket(socket.AF_INET6)
        sock.bind(("::1", 0))
    else:
        sock = socket.socket(socket.AF_UNIX)
        sock.bind(address.replace("@", "\0", 1))
    sock.listen(64)
    return sock


def serve(conn, args, parts):
    # Against Nagle, and for what was sent to be taken on its own.
    if conn.family != socket.AF_UNIX:
        conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    got = conn.recv(65536)
    if args.record:
        conn.settimeout(0.1)
        try:
            while more := conn.recv(65536):
                got += more
        except TimeoutError:
            conn.settimeout(None)
        with open(args.record, "ab") as file:
            file.write(got)
    for part in parts:
        conn.sendall(part)
    if args.hang:
        while conn.recv(65536):
            pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("address")
    parser.add_argument("--record")
    parser.add_argument("--hang", action="store_true")
    parser.add_argument("--say", action="append", default=[])
    args = parser.parse_args()
    parts = [p.encode("latin-1").decode("unicode_escape").encode("latin-1")
             for p in args.say]
    sock = listen(args.address)
    if args.address.startswith("inet"):
        print(sock.getsockname()[1], flush=True)
    else:
        print(args.address, flush=True)
    while True:
        conn, _ = sock.accept()
        try:
            serve(conn, args, parts)
        except OSError as error:
            print(error, file=sys.stderr, flush=True)
        conn.close()


main()
