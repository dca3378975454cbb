# SPDX-License-Identifier: ISC
"""The plan that tests/faults/faults.c reads, and the names of call sites."""
import errno
import mmap
import os
import re
import struct
import subprocess
from collections import namedtuple

HERE = os.path.dirname(os.path.abspath(__file__))
ROLES = {1: "supervisor", 2: "keeper", 3: "child", 4: "other"}
MODULES = ["", "libevent", "libjansson", "libbsd", "libmd", "libseccomp",
           "libbpf", "libc"]
SITES_MAX, DIRECT = 8192, 1000
HEAD = struct.Struct("=IIIiQII16Q")
SITE = struct.Struct("=QQ")

# One fault: where, which hit, the error's name, and whether it lasts.
Fault = namedtuple("Fault", "site nth error mode")


def text_of(fault):
    return "%s:%d:%s:%s" % fault


def fault_of(text):
    site, nth, error, mode = text.rsplit(":", 3)
    return Fault(site, int(nth), error, mode)


def errors():
    """Call: the errors that its manual page lists."""
    table = {}
    with open(os.path.join(HERE, "errnos"), encoding="ascii") as file:
        for line in file:
            if not line.startswith("#"):
                call, names = line.split(":")
                table[call] = names.split()
    return table


def direct_names():
    """The names of the numbers of syscall(2)."""
    done = subprocess.run(["cc", "-E", "-dM", "-include", "sys/syscall.h",
                           "-x", "c", "/dev/null"], capture_output=True,
                          check=True, text=True)
    return {int(number): name for name, number in
            re.findall(r"#define __NR_(\w+) (\d+)", done.stdout)}


class Sites:
    """Keys of the plan, and the names that people read."""

    def __init__(self, program):
        self.program = program
        with open(program, "rb") as file:
            names = re.search(rb"FAULTS:([^\n]*)\n", file.read()).group(1)
        self.calls = ["?"] + names.decode().split()
        self.direct = direct_names()
        self.names, self.keys = {}, {}

    def call_of(self, key):
        number = (key >> 44) & 0xffff
        return (self.direct.get(number - DIRECT, "?") if number >= DIRECT
                else self.calls[number])

    def learn(self, keys):
        new = sorted(k for k in keys if k not in self.names)
        ours = [k for k in new if (k >> 40) & 15 == 0]
        places = dict(zip(ours, self.lines([(k & 0xffffffffff) - 1
                                            for k in ours])))
        for key in new:
            module = (key >> 40) & 15
            library = MODULES[module] if module < len(MODULES) else "library"
            place = places.get(key, f"{library}+{key & 0xffffffffff:#x}")
            name = f"{ROLES[key >> 60]}:{self.call_of(key)}@{place}"
            number, first = 1, name
            while name in self.keys:
                number += 1
                name = f"{first}~{number}"
            self.names[key], self.keys[name] = name, key

    def lines(self, offsets):
        if not offsets:
            return []
        done = subprocess.run(
            ["addr2line", "-f", "-e", self.program],
            input="\n".join(map(hex, offsets)), capture_output=True,
            check=True, text=True)
        lines = done.stdout.splitlines()
        return [re.sub(r"^.*?(supervisor|shim|tests)/", r"\1/",
                       at.split(" ")[0]) + f"({function})"
                for function, at in zip(lines[::2], lines[1::2])]


class Plan:
    def __init__(self, path):
        self.path = path
        with open(path, "wb") as file:
            file.truncate(HEAD.size + SITE.size * SITES_MAX)
        os.chmod(path, 0o666)
        with open(path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), 0)

    def arm(self, key=0, nth=0, error=None, for_long=False):
        number = getattr(errno, error) if error else 0
        self.map[:] = bytes(len(self.map))
        self.map[:HEAD.size] = HEAD.pack(0, nth, for_long, number, key, 0, 0,
                                         *([0] * 16))
        self.map[:4] = struct.pack("=I", 1)

    def disarm(self):
        self.map[:4] = bytes(4)

    def fired(self):
        return HEAD.unpack(self.map[:HEAD.size])[5]

    def trace(self):
        return [at - 1 for at in HEAD.unpack(self.map[:HEAD.size])[7:] if at]

    def hits(self):
        return {key: hits for key, hits in
                SITE.iter_unpack(self.map[HEAD.size:]) if key}
