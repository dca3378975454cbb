#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Stands in for a supervisor: answers on a control socket from a script.

fake_supervisor.py SOCKET SCRIPT -- the script is a JSON object that maps a
method to the list of messages that answer it.  Three of these are not sent:
"hang" waits for the client to go away, "close" closes the connection, and
"die" ends all.  Every
call is written to stdout as a line of JSON, after the line `listening`.
"""
import json
import os
import signal
import socket
import sys


def answer(peer, replies):
    for reply in replies:
        if reply == "hang":
            peer.recv(1)
        elif reply == "close":
            return False
        elif reply == "die":
            os.kill(os.getppid(), signal.SIGKILL)
            return False
        else:
            peer.sendall(json.dumps(reply).encode() + b"\0")
    return True


def serve(peer, script):
    data = b""
    while True:
        while b"\0" not in data:
            more = peer.recv(65536)
            if not more:
                return
            data += more
        message, data = data.split(b"\0", 1)
        call = json.loads(message)
        print(json.dumps(call), flush=True)
        method = call["method"].rsplit(".", 1)[1]
        if not answer(peer, script.get(method, ["close"])):
            return


def main():
    path, script = sys.argv[1], json.loads(sys.argv[2])
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen()
    print("listening", flush=True)
    while True:
        peer, _ = server.accept()
        if os.fork() == 0:
            try:
                serve(peer, script)
            except OSError:
                pass
            os._exit(0)
        peer.close()


main()
