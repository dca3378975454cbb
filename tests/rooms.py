#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The two include rules of doc/architecture.md: a folder of supervisor/ includes
only from folders below it, as fleet/ does, and the modules of a folder form no
cycle.  A module is a .c file with its header.  And no file of the product is
longer than LINES_MAX."""

import collections
import glob
import os
import re
import sys

LINES_MAX = 450

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
# Each folder, and the folders from which it may include.
BASE = ["base"]
FLOOR = BASE + ["traffic", "process", "keep"]
ROOMS = {
    "base": [],
    "probe": BASE,
    "traffic": BASE,
    "process": BASE,
    "keep": BASE,
    "config": FLOOR,
    "exporter": BASE,
    "page": BASE,
}
for above in ("core", "generation", "rollout", "control", "service", "cli"):
    ROOMS[above] = FLOOR + [room for room in ROOMS
                            if room not in FLOOR + ["probe", "page"]]
ROOMS["cli"].append("page")
# A program of its own, which shares what commands have.
ROOMS["fleet"] = ["base", "config", "cli", "page"]


def folder(room):
    return "fleet" if room == "fleet" else f"supervisor/{room}"


def read_includes():
    """What each module includes: { module: { module: [place] } }."""
    modules = collections.defaultdict(lambda: collections.defaultdict(list))
    for room in ROOMS:
        for file in sorted(os.listdir(os.path.join(ROOT, folder(room)))):
            if not file.endswith((".c", ".h")):
                continue
            module = f"{room}/{file[:-2]}"
            path = f"{folder(room)}/{file}"
            with open(os.path.join(ROOT, path), encoding="utf-8") as f:
                for number, line in enumerate(f, 1):
                    found = re.match(r'#include "(\w+/\w+)\.h"', line)
                    if found and found[1] != module:
                        modules[module][found[1]].append(f"{path}:{number}")
    return modules


def find_upward(modules):
    for module, included in sorted(modules.items()):
        room = module.split("/")[0]
        for other, places in sorted(included.items()):
            there = other.split("/")[0]
            if there in ROOMS and there != room and there not in ROOMS[room]:
                yield (f"{places[0]}: {room} includes {other}.h: {there} is "
                       f"not below {room}")


def reach(modules, start):
    """All modules of its folder to which its includes lead."""
    room, seen, left = start.split("/")[0], set(), [start]
    while left:
        for other in modules.get(left.pop(), {}):
            if other.split("/")[0] == room and other not in seen:
                seen.add(other)
                left.append(other)
    return seen


def find_cycles(modules):
    reached = {module: reach(modules, module) for module in list(modules)}
    cycles = []
    for module, others in sorted(reached.items()):
        cycle = {other for other in others
                 if module in reached.get(other, ())}
        if cycle and cycle not in cycles:
            cycles.append(cycle)
    return cycles


def find_long():
    """Files of the product that are too long to be read at once."""
    for top in ("fleet", "kernel", "shim", "supervisor"):
        for path in glob.glob(f"{top}/**/*.[ch]", root_dir=ROOT,
                              recursive=True):
            with open(os.path.join(ROOT, path), encoding="utf-8") as file:
                lines = len(file.readlines())
            if lines > LINES_MAX:
                yield f"{path}: {lines} lines, more than {LINES_MAX}"


def main():
    modules = read_includes()
    faults = list(find_upward(modules))
    faults += list(find_long())
    faults += [f"these include each other: {', '.join(sorted(cycle))}"
               for cycle in find_cycles(modules)]
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
