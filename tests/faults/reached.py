#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Which call sites of supervisor and keeper a campaign has reached, and which
not, each with the reason where it is known.  usage: reached.py RESULTS"""
import os
import re
import subprocess
import sys

from plan import Sites
from service import FAULTY

HERE = os.path.dirname(os.path.abspath(__file__))
CALL = re.compile(r"^\s*([0-9a-f]+):\t.*\bcall\s+[0-9a-f]+ <(\w+)")
NEXT = re.compile(r"^\s*([0-9a-f]+):\t")


def static_sites(names):
    """Offset behind the call: the call's name."""
    done = subprocess.run(["objdump", "-d", "--no-show-raw-insn", FAULTY],
                          capture_output=True, check=True, text=True)
    found, call = {}, None
    for line in done.stdout.splitlines():
        at = NEXT.match(line)
        if at and call:
            found[int(at.group(1), 16)] = call
        call = None
        made = CALL.match(line)
        if made and made.group(2) in names:
            call = made.group(2)
    return found


def reached_sites(folder):
    seen = set()
    for name in os.listdir(folder):
        if name.startswith("sites."):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                for line in file:
                    key = int(line.rsplit("\t", 1)[1], 16)
                    if (key >> 40) & 15 == 0:
                        seen.add(key & 0xffffffffff)
    return seen


def reasons():
    with open(os.path.join(HERE, "reasons"), encoding="ascii") as file:
        return [line.strip().split(" ", 1) for line in file
                if not line.startswith("#")]


def reason_of(call, place, table):
    """place is FILE:LINE(FUNCTION)."""
    name = re.sub(r":\d+(?=\()", "", place) + ":" + call
    return next((reason for start, reason in table
                 if name.startswith(start)), None)


def main():
    sites, table = Sites(FAULTY), reasons()
    every = static_sites(set(sites.calls) | {"syscall"})
    offsets = sorted(every)
    places = dict(zip(offsets, sites.lines([n - 1 for n in offsets])))
    ours = [n for n in offsets if places[n].startswith(("supervisor/",
                                                        "shim/"))]
    seen = reached_sites(sys.argv[1])
    missed = [n for n in ours if n not in seen]
    why = {n: reason_of(every[n], places[n], table) for n in missed}
    print(f"{len(ours) - len(missed)} of {len(ours)} call sites reached; "
          f"{sum(w is not None for w in why.values())} not, for a known "
          f"reason; {sum(w is None for w in why.values())} not")
    for n in missed:
        print(f"  not reached: {every[n]}@{places[n]}: {why[n] or '?'}")


if __name__ == "__main__":
    main()
