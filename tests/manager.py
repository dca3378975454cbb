#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A stand-in for systemd, for one service: Type=notify, NotifyAccess=main,
KillMode=process, Restart=on-failure, FileDescriptorStoreMax=, WatchdogSec= and
the sockets of a .socket unit, by what systemd.service(5), sd_notify(3),
sd_listen_fds(3) and its file descriptor store's documentation say.

usage: manager.py [--store N] [--watchdog MS] [--state FILE]
                  [--socket NAME=[udp:]ADDRESS]... -- COMMAND...

What it knows is in FILE, as JSON, after each message.  SIGTERM stops the
service as `systemctl stop` does."""
import argparse
import array
import ctypes
import json
import os
import select
import signal
import socket
import sys
import time

PR_SET_CHILD_SUBREAPER = 36
SYS_KCMP = {"x86_64": 312, "aarch64": 272}[os.uname().machine]
KCMP_FILE = 0
libc = ctypes.CDLL(None, use_errno=True)


def same_file(a, b):
    """Are two descriptors one open file, kcmp(2)?"""
    pid = os.getpid()
    return libc.syscall(SYS_KCMP, pid, pid, KCMP_FILE, a, b) == 0


def listen(address):
    kind = socket.SOCK_STREAM
    if address.startswith("udp:"):
        kind, address = socket.SOCK_DGRAM, address[4:]
    if address.startswith("/"):
        sock = socket.socket(socket.AF_UNIX, kind)
        sock.bind(address)
    else:
        host, port = address.rsplit(":", 1)
        sock = socket.socket(socket.AF_INET, kind)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, int(port)))
    if kind == socket.SOCK_STREAM:
        sock.listen(4096)
    return sock


class Store:
    """FileDescriptorStoreMax=: a bag, the newest first."""

    def __init__(self, most, poll):
        self.most = most
        self.poll = poll
        self.items = []  # (name, fd, polled)

    def add(self, name, fd, polled):
        if len(self.items) >= self.most or any(
                same_file(fd, other) for _, other, _ in self.items):
            os.close(fd)
            return
        if polled:
            try:
                self.poll.register(fd, 0)
            except PermissionError:
                polled = False
        self.items.insert(0, (name, fd, polled))

    def drop(self, wanted):
        for item in [i for i in self.items if wanted(i)]:
            self.items.remove(item)
            if item[2]:
                self.poll.unregister(item[1])
            os.close(item[1])


class Manager:
    def __init__(self, options):
        self.options = options
        self.poll = select.epoll()
        self.store = Store(options.store, self.poll)
        self.sockets = []
        for text in options.socket:
            name, address = text.split("=", 1)
            self.sockets.append((name, listen(address)))
        self.address = os.path.abspath("notify")
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.notify.bind(self.address)
        self.poll.register(self.notify, select.EPOLLIN)
        self.state = {"main": 0, "starts": 0, "status": "", "stage": "",
                      "stages": [], "watchdog": 0, "kills": 0, "refused": 0,
                      "extended": 0, "stored": []}
        self.stopping = False
        self.alive = None

    def write_state(self):
        self.state["stored"] = [name for name, _, _ in self.store.items]
        with open(self.options.state + ".new", "w", encoding="utf-8") as out:
            json.dump(self.state, out)
        os.rename(self.options.state + ".new", self.options.state)

    def enter(self, stage):
        self.state["stage"] = stage
        self.state["stages"].append(stage)

    def start(self):
        passed = [(name, sock.fileno()) for name, sock in self.sockets]
        passed += [(name, fd) for name, fd, _ in self.store.items]
        self.state["starts"] += 1
        self.enter("starting")
        pid = os.fork()
        if pid == 0:
            self.execute(passed)
        self.state["main"] = pid
        self.alive = None
        self.write_state()

    def execute(self, passed):
        pid = str(os.getpid())
        environment = dict(os.environ, NOTIFY_SOCKET=self.address,
                           SYSTEMD_EXEC_PID=pid)
        if self.options.store:
            environment["FDSTORE"] = str(self.options.store)
        if self.options.watchdog:
            environment["WATCHDOG_USEC"] = str(self.options.watchdog * 1000)
            environment["WATCHDOG_PID"] = pid
        if passed:
            environment["LISTEN_FDS"] = str(len(passed))
            environment["LISTEN_PID"] = pid
            environment["LISTEN_FDNAMES"] = ":".join(n for n, _ in passed)
        high = [os.dup(fd) for _, fd in passed]
        low = 3 + len(high)
        spare = []
        while spare[-1:] < [low]:
            spare.append(os.dup(0))
        high = [os.dup(fd) for fd in high]
        for i, fd in enumerate(high):
            os.dup2(fd, 3 + i)
        os.closerange(low, 4096)
        os.setsid()
        os.execvpe(self.options.command[0], self.options.command, environment)

    def take_message(self):
        text, controls, _, _ = self.notify.recvmsg(
            65536, socket.CMSG_SPACE(12) + socket.CMSG_SPACE(253 * 4),
            socket.MSG_CMSG_CLOEXEC)
        fds, sender = array.array("i"), 0
        for level, kind, data in controls:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                fds.frombytes(data[:len(data) - len(data) % 4])
            elif kind == socket.SCM_CREDENTIALS:
                sender = array.array("i", data)[0]
        lines = text.decode().splitlines()
        words = dict(line.split("=", 1) for line in lines)
        if sender != self.state["main"]:
            self.state["refused"] += 1
            words = {}
        if words.get("FDSTOREREMOVE") == "1":
            self.store.drop(lambda item: item[0] == words["FDNAME"])
        elif words.get("FDSTORE") == "1":
            while fds:
                self.store.add(words.get("FDNAME", "stored"), fds.pop(0),
                               words.get("FDPOLL") != "0")
        for fd in fds:
            os.close(fd)
        self.take_words(words)

    def take_words(self, words):
        if words.get("READY") == "1":
            self.enter("running")
            self.alive = time.monotonic()
        if words.get("RELOADING") == "1":
            # A message without a time counts as older than any request: it
            # hangs.
            self.enter("reloading" if "MONOTONIC_USEC" in words else "hangs")
        if words.get("STOPPING") == "1":
            self.enter("stopping")
        if words.get("WATCHDOG") == "1":
            self.state["watchdog"] += 1
            self.alive = time.monotonic()
        if "EXTEND_TIMEOUT_USEC" in words:
            self.state["extended"] += 1
        self.state["status"] = words.get("STATUS", self.state["status"])

    def look_at_watchdog(self):
        if not self.options.watchdog or self.alive is None:
            return
        if time.monotonic() - self.alive > self.options.watchdog / 1000:
            os.kill(self.state["main"], signal.SIGABRT)
            self.state["kills"] += 1
            self.alive = None

    def reap(self):
        """What the main process has ended with, if it has."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return None
            if pid == 0:
                return None
            if pid == self.state["main"]:
                return status

    def run(self):
        self.start()
        while True:
            for fd, events in self.poll.poll(0.02):
                if fd == self.notify.fileno():
                    self.take_message()
                elif events & (select.EPOLLHUP | select.EPOLLERR):
                    self.store.drop(lambda item, fd=fd: item[1] == fd)
            self.look_at_watchdog()
            status = self.reap()
            # All messages before its end count.
            while status is not None and select.select(
                    [self.notify], [], [], 0)[0]:
                self.take_message()
            self.write_state()
            if status is None:
                continue
            if self.stopping or status == 0:
                return os.waitstatus_to_exitcode(status)
            self.start()

    def stop(self, *_):
        self.stopping = True
        os.kill(self.state["main"], signal.SIGTERM)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--store", type=int, default=0)
    parser.add_argument("--watchdog", type=int, default=0)
    parser.add_argument("--state", default="state.json")
    parser.add_argument("--socket", action="append", default=[])
    parser.add_argument("command", nargs="+")
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    manager = Manager(parser.parse_args())
    signal.signal(signal.SIGTERM, manager.stop)
    return manager.run()


if __name__ == "__main__":
    sys.exit(main())
