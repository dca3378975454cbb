#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Spoil what a keeper holds for the next supervisor.
usage: spoil.py KEEPER flip|cut|empty|future newest|oldest|both
       spoil.py KEEPER drop NAME SUPERVISOR
       spoil.py KEEPER names"""
import ctypes
import hashlib
import json
import os
import socket
import sys

GETFD = 438  # pidfd_getfd(2)


def parts(text):
    """The document, and the records behind it."""
    while text:
        line, rest = text.split(b"\n", 1)
        size = int(line.split()[2])
        yield int(line.split()[1]), json.loads(rest[:size])
        text = rest[size:]


def sequence(text):
    """Of the newest part; 0 if the file is spoiled already."""
    try:
        return max((number for number, _ in parts(text)), default=0)
    except ValueError:
        return 0


def applied(patch, value):
    """supervisor/keep/patch.h"""
    if patch is None or "=" in patch:
        return value if patch is None else patch["="]
    if "set" in patch:
        for name, one in patch["set"].items():
            value[name] = applied(one, value.get(name))
        for name in patch["del"]:
            del value[name]
        return value
    at = 0
    for step in patch["list"]:
        if isinstance(step, int) and step < 0:
            del value[at:at - step]
        elif isinstance(step, int):
            at += step
        else:
            value[at:at + ("+" not in step)] = [
                step["+"] if "+" in step else applied(step, value[at])]
            at += 1
    return value


def document_of(text):
    first, *records = (part for _, part in parts(text))
    for patch in records:
        first = applied(patch, first)
    return first


def checkpoints(keeper):
    """The two files, the newest first; what is in them."""
    found = []
    for number in os.listdir(f"/proc/{keeper}/fd"):
        path = f"/proc/{keeper}/fd/{number}"
        if not os.readlink(path).startswith("/memfd:hotswap-checkpoint"):
            continue
        with open(path, "rb") as file:
            text = file.read()
        found.append((sequence(text), path, text))
    return [(path, text) for _, path, text in sorted(found, reverse=True)]


def flip(text):
    at = len(text) // 2
    return text[:at] + bytes([text[at] ^ 4]) + text[at + 1:]


def future(text):
    """As a hotswap that is not written yet would leave it."""
    document = document_of(text)
    document["version"] = 99
    body = json.dumps(document).encode()
    return b"hotswap-checkpoint %s %d %s\n%s" % (
        b"%d" % sequence(text), len(body), hashlib.sha256(body).hexdigest().encode(), body)


SPOILERS = {"flip": flip, "cut": lambda text: text[:len(text) // 2],
            "empty": lambda text: b"", "future": future}


def spoil(keeper, how, which):
    files = [file for file in checkpoints(keeper) if file[1]]
    chosen = {"newest": files[:1], "oldest": files[1:], "both": files}[which]
    assert chosen, "there is no such file"
    for path, text in chosen:
        with open(path, "r+b") as file:
            file.write(SPOILERS[how](text))
            file.truncate()


def channel(supervisor):
    """A duplicate of the supervisor's end of the keeper's socket pair."""
    libc = ctypes.CDLL(None, use_errno=True)
    pidfd = os.pidfd_open(supervisor)
    for number in os.listdir(f"/proc/{supervisor}/fd"):
        fd = libc.syscall(GETFD, pidfd, int(number), 0)
        try:
            sock = socket.socket(fileno=fd)
            if sock.type == socket.SOCK_SEQPACKET and sock.getpeername() == "":
                return sock
        except OSError:
            pass
    raise SystemExit("spoil: no channel was found")


def drop(name, supervisor):
    """Ask the keeper to hold this no longer, and wait until it is so."""
    sock = channel(supervisor)
    sock.send(f"FDSTOREREMOVE=1\nFDNAME={name}".encode())
    reader, writer = os.pipe()
    socket.send_fds(sock, [b"BARRIER=1"], [writer])
    os.close(writer)
    os.read(reader, 1)


def names(keeper):
    """Of the descriptors that the checkpoint counts on."""
    document = document_of(checkpoints(keeper)[0][1])
    yield from ("lock.0", "control.0", "checkpoint.0", "checkpoint.1")
    for generation in document["generations"]:
        yield f"notify.{generation['number']}"
        for serial in generation.get("wrap", {}).get("taps", []):
            yield f"tap-{generation['number']}.{serial}"
            yield f"calls-{generation['number']}.{serial}"
    for listener in document["listeners"]:
        for _, cookie in listener["sockets"]:
            yield f"socket.{cookie}"


def main(keeper, action, *rest):
    if action == "names":
        print(*names(int(keeper)), sep="\n")
    elif action == "drop":
        drop(rest[0], int(rest[1]))
    else:
        spoil(int(keeper), action, rest[0])


main(*sys.argv[1:])
