#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Upgrade a server again and again under load, and see that nothing grows:
descriptors, memory, processes and files are counted at 50, 100, 1,000 and
10,000 upgrades.  The counts of 50 are those that the others must have.  All
events are held against the model of a rollout.

usage: soak.py [UPGRADES]; HOTSWAP_BUILD has the build
"""

import json
import os
import subprocess
import sys
import tempfile

from kills import hold_events, keep_events

BUILD = os.path.abspath(os.environ.get("HOTSWAP_BUILD", "build"))
FIRST = 50  # by then all that a service keeps is there


def install(folder, version):
    """Put a server of this version in place, as a deployment does it."""
    new = f"{folder}/server.new"
    with open(f"{BUILD}/fixtures/server", "rb") as source, \
            open(new, "wb") as target:
        target.write(source.read() + f"\nversion={version}\n".encode())
    os.chmod(new, 0o755)
    os.rename(new, f"{folder}/server")


def memory(pid):
    """Kilobytes: private, and its proportional part of what is shared."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        fields = dict(line.split(":", 1) for line in file if ":" in line)
    size = {key: int(value.split()[0]) for key, value in fields.items()
            if value.strip().endswith("kB")}
    return size["Private_Dirty"] + size["Private_Clean"], size["Pss"]


def count(keeper, supervisor, folder):
    """What must not grow, and what is only told."""
    listed = subprocess.run([f"{BUILD}/fixtures/processes", "list", folder],
                            check=True, capture_output=True, text=True)
    same = {"keeper's descriptors": len(os.listdir(f"/proc/{keeper}/fd")),
            "supervisor's descriptors":
                len(os.listdir(f"/proc/{supervisor}/fd")),
            "processes": len(listed.stdout.split())}
    for name in "run", "state":
        same[f"files of {name}"] = sum(
            len(files) for _, _, files in os.walk(f"{folder}/{name}"))
    return same, {"keeper's memory": memory(keeper),
                  "supervisor's memory": memory(supervisor)}


def soak(upgrades, folder):
    """Returns whether nothing has grown and no request has failed."""
    keep_events(folder)
    os.chdir(folder)
    hotswap = f"{BUILD}/bin/hotswap"
    port = subprocess.check_output([f"{BUILD}/fixtures/free_port"],
                                   text=True).strip()
    install(folder, "v0")
    subprocess.run([hotswap, "start", "-n", "soak", "-l", f"127.0.0.1:{port}",
                    "--bake", "0s", "--keep", "0s", "--", "./server"],
                   check=True)
    load = subprocess.Popen([f"{BUILD}/load", "--rate", "100", "--control",
                             "steer", f"127.0.0.1:{port}"],
                            stdout=subprocess.DEVNULL)
    status = json.loads(subprocess.check_output(
        [hotswap, "status", "soak", "--json"]))
    supervisor = status["supervisor"]
    with open(f"/proc/{supervisor}/stat", encoding="utf-8") as file:
        keeper = int(file.read().rsplit(")", 1)[1].split()[1])
    good, first = True, None
    try:
        for n in range(1, upgrades + 1):
            install(folder, f"v{n}")
            subprocess.run([hotswap, "upgrade", "soak"], check=True,
                           stderr=subprocess.DEVNULL)
            if n not in (FIRST, 100, 1000, 10000, upgrades):
                continue
            same, told = settle(keeper, supervisor, folder, first)
            print(n, same, told, flush=True)
            first = first or same
            good = good and same == first
        with open("steer", "w", encoding="ascii") as steer:
            steer.write("stop\n")
        return load.wait() == 0 and good
    finally:
        load.kill()
        subprocess.run([hotswap, "stop", "soak", "--now"], check=False)


def settle(keeper, supervisor, folder, first):
    """Count, once those that were replaced have ended."""
    for _ in range(200):
        same, told = count(keeper, supervisor, folder)
        if same["processes"] == 1 and first in (None, same):
            break
        subprocess.run(["sleep", "0.05"], check=True)
    return same, told


def main():
    upgrades = int(sys.argv[1]) if len(sys.argv) > 1 else 10000
    with tempfile.TemporaryDirectory() as folder:
        if not soak(upgrades, folder):
            sys.exit("something has grown, or a request has failed")
        for fault in hold_events(folder):
            sys.exit(fault)


main()
