#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A network between a client and a server, that can be cut: passes connections
of PORT on to TO.  While the file CUT exists nothing passes, in either
direction; while the file DEAF exists the answers to writes are lost."""

import os
import select
import socket
import sys
import threading
import time


def is_write(data):
    return b"/v3/kv/txn" in data or b"/v3/kv/put" in data


def carry(client, to):
    server = socket.create_connection(("127.0.0.1", to))
    lost = False
    while True:
        ready, _, _ = select.select([client, server], [], [])
        while os.path.exists("CUT"):
            time.sleep(0.02)
        for sock in ready:
            data = sock.recv(65536)
            if not data:
                client.close()
                server.close()
                return
            if sock is client:
                lost = lost or os.path.exists("DEAF") and is_write(data)
                server.sendall(data)
            elif lost:
                client.close()
                server.close()
                return
            else:
                client.sendall(data)


def main():
    port, to = int(sys.argv[1]), int(sys.argv[2])
    os.chdir(sys.argv[3])
    listener = socket.create_server(("127.0.0.1", port), backlog=64)
    while True:
        client, _ = listener.accept()
        threading.Thread(target=guarded, args=(client, to),
                         daemon=True).start()


def guarded(client, to):
    try:
        carry(client, to)
    except OSError:
        client.close()


if __name__ == "__main__":
    main()
