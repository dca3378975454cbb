#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""terminal.py COLUMNSxROWS COMMAND...: run a command on a terminal, which is
kept as text in the file `screen`.  Lines written to the pipe `keys` are
typed; `resize COLUMNSxROWS` and `interrupt` are done.  Ends with the
command's exit status."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios


class Screen:
    """What ECMA-48 has and hotswap uses; anything else is a fault."""

    def __init__(self, columns, rows):
        self.columns, self.rows = columns, rows
        self.lines, self.x, self.y = [""], 0, 0
        self.coloured = False

    def put(self, char):
        if self.x == self.columns:
            self.newline()
            self.x = 0
        line = self.lines[self.y].ljust(self.x)
        self.lines[self.y] = line[:self.x] + char + line[self.x + 1:]
        self.x += 1

    def newline(self):
        self.y += 1
        if self.y == len(self.lines):
            self.lines.append("")

    def control(self, count, what):
        if what == "A":
            top = max(0, len(self.lines) - self.rows)
            self.y = max(top, self.y - int(count or 1))
        elif what == "K":
            self.lines[self.y] = self.lines[self.y][:self.x]
        elif what == "J":
            self.lines[self.y] = self.lines[self.y][:self.x]
            del self.lines[self.y + 1:]
        elif what == "m":
            self.coloured = True
        else:
            raise ValueError("ESC [ %s %s" % (count, what))

    def write(self, text):
        for match in re.finditer(r"\033\[([0-9;]*)([A-Za-z])|(.)", text, re.S):
            count, what, char = match.groups()
            if what:
                self.control(count, what)
            elif char == "\r":
                self.x = 0
            elif char == "\n":
                self.newline()
            else:
                self.put(char)

    def save(self):
        with open("screen.new", "w") as file:
            file.write("\n".join(self.lines[-self.rows:]) + "\n")
            file.write("[colours]\n" if self.coloured else "")
        os.rename("screen.new", "screen")


def resize(fd, screen, size):
    screen.columns, screen.rows = map(int, size.split("x"))
    fcntl.ioctl(fd, termios.TIOCSWINSZ,
                struct.pack("HHHH", screen.rows, screen.columns, 0, 0))


def obey(fd, screen, line):
    if line.startswith("resize "):
        resize(fd, screen, line.split()[1])
    elif line == "interrupt":
        os.write(fd, b"\x03")
    else:
        os.write(fd, line.encode())


def main():
    screen = Screen(80, 24)
    os.mkfifo("keys")
    keys = os.open("keys", os.O_RDWR)
    pid, fd = pty.fork()
    if pid == 0:
        # A shell ignores it for a background job.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack(
            "HHHH", *reversed([int(n) for n in sys.argv[1].split("x")]), 0, 0))
        os.execvp(sys.argv[2], sys.argv[2:])
    resize(fd, screen, sys.argv[1])
    while True:
        ready, _, _ = select.select([fd, keys], [], [])
        if keys in ready:
            for line in os.read(keys, 4096).decode().splitlines():
                obey(fd, screen, line)
        if fd not in ready:
            continue
        try:
            data = os.read(fd, 65536)
        except OSError:
            break
        screen.write(data.decode())
        screen.save()
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    sys.exit(status if status >= 0 else 128 - status)


main()
