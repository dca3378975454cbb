#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Upgrade a server again and again under load, and see that nothing grows:
descriptors, memory, processes and files are told at 50, 100, 1,000 and 10,000
upgrades, and must be as they were at first.  All events are held against the
model of a rollout.

usage: soak.py [UPGRADES]; HOTSWAP_BUILD has the build
"""

import json
import os
import subprocess
import sys
import tempfile

import figures
from kills import hold_events, keep_events

BUILD = os.path.abspath(os.environ.get("HOTSWAP_BUILD", "build"))
FIRST = 50  # by then all that a service keeps is there
MARKS = (FIRST, 100, 1000, 2000, 5000, 10000)
OLD = ".old"  # after the name of a journal that was full, keep/journal.h
GROWTH = 512  # kilobytes, of what the allocator keeps, at the most


def install(folder, version):
    """Put a server of this version in place, as a deployment does it."""
    new = f"{folder}/server.new"
    with open(f"{BUILD}/fixtures/server", "rb") as source, \
            open(new, "wb") as target:
        target.write(source.read() + f"\nversion={version}\n".encode())
    os.chmod(new, 0o755)
    os.rename(new, f"{folder}/server")


def private(pid):
    """Kilobytes that this process alone has."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return sum(int(line.split()[1]) for line in file
                   if line.startswith("Private_"))


def files(folder):
    """Those that there are; of a journal that was full there is one more."""
    found = {os.path.join(where, name) for where, _, names in os.walk(folder)
             for name in names}
    return {name for name in found if name.removesuffix(OLD) not in
            found - {name}}


class Soak:
    """A service under load, and what it had at first."""

    def __init__(self, folder):
        self.folder = folder
        self.hotswap = f"{BUILD}/bin/hotswap"
        self.first = None
        self.problems, self.looks = [], []
        install(folder, "v0")
        port = subprocess.check_output([f"{BUILD}/fixtures/free_port"],
                                       text=True).strip()
        subprocess.run(
            [self.hotswap, "start", "-n", "soak", "-l", f"127.0.0.1:{port}",
             "--bake", "0s", "--keep", "0s", "--", "./server"], check=True)
        self.load = subprocess.Popen(
            [f"{BUILD}/load", "--rate", "100", "--control", "steer",
             f"127.0.0.1:{port}"], stdout=subprocess.PIPE, text=True)
        status = json.loads(subprocess.check_output(
            [self.hotswap, "status", "soak", "--json"]))
        self.supervisor = status["supervisor"]
        with open(f"/proc/{self.supervisor}/stat", encoding="utf-8") as file:
            self.keeper = int(file.read().rsplit(")", 1)[1].split()[1])

    def count(self):
        """What must be as at first."""
        listed = subprocess.run(
            [f"{BUILD}/fixtures/processes", "list", self.folder], check=True,
            capture_output=True, text=True)
        return {"keeper's descriptors": len(os.listdir(
                    f"/proc/{self.keeper}/fd")),
                "supervisor's descriptors": len(os.listdir(
                    f"/proc/{self.supervisor}/fd")),
                "processes of the server": len(listed.stdout.split()),
                "files": len(files(f"{self.folder}/run") |
                             files(f"{self.folder}/state"))}

    def upgrade(self, version):
        install(self.folder, version)
        done = subprocess.run([self.hotswap, "upgrade", "soak"],
                              check=False, capture_output=True, text=True)
        if done.returncode != 0:
            self.problems.append(f"upgrade {version}: {done.stderr}")

    def await_drained(self):
        subprocess.run([self.hotswap, "wait", "soak", "--for", "drained"],
                       check=True)

    def settle(self):
        """Count, once those that were replaced have ended.  Where a classic
        program chooses, the next upgrade that is alone takes away what several
        departures at a time have left: placeholders before the one that
        serves.  What is there for a moment only does not count."""
        self.await_drained()
        self.upgrade("alone")
        self.await_drained()
        now = self.count()
        for n in range(2000):
            if now["processes of the server"] == 1 and \
                    (n >= 20 if self.first is None else not self.grown(now)):
                break
            subprocess.run(["sleep", "0.05"], check=True)
            now = {what: min(n, now[what])
                   for what, n in self.count().items()}
        return now

    def grown(self, now):
        """Is there more of something than at first?"""
        return any(n > self.first[what] for what, n in now.items())

    def look(self, upgrades):
        """Tell what there is after so many upgrades, and judge it."""
        now = self.settle()
        memory = private(self.keeper), private(self.supervisor)
        self.looks.append(
            f"at {upgrades:,}: "
            + ", ".join(f"{n} {what}" for what, n in now.items())
            + f", {memory[0]} kB of the keeper's, {memory[1]} kB of the "
            "supervisor's")
        print(self.looks[-1], flush=True)
        if self.first is None:
            self.first, self.memory = now, memory
        if self.grown(now):
            self.problems.append(f"at {upgrades:,} it was {now}, at first "
                                 f"{self.first}")
        if any(n - m > GROWTH for n, m in zip(memory, self.memory)):
            self.problems.append(f"at {upgrades:,} they have {memory} kB, at "
                                 f"first {self.memory}")

    def run(self, upgrades):
        for n in range(1, upgrades + 1):
            self.upgrade(f"v{n}")
            if n in MARKS or n == upgrades:
                self.look(n)
        with open("steer", "w", encoding="ascii") as steer:
            steer.write("stop\n")
        report = json.loads(self.load.communicate()[0])
        told = [f"{upgrades} upgrades", f"{report['requests']} requests",
                f"{report['failures']} failed"]
        print(", ".join(told))
        figures.note(*told, *self.looks)
        if report["failures"] or not report["requests"]:
            self.problems.append(f"requests: {json.dumps(report)[:600]}")

    def end(self):
        self.load.kill()
        subprocess.run([self.hotswap, "stop", "soak", "--now"], check=False)


def main():
    upgrades = int(sys.argv[1]) if len(sys.argv) > 1 else 10000
    with tempfile.TemporaryDirectory() as folder:
        keep_events(folder)
        os.chdir(folder)
        soak = Soak(folder)
        try:
            soak.run(upgrades)
        finally:
            soak.end()
        soak.problems += hold_events(folder)
    for problem in soak.problems:
        print(f"FAILED: {problem}")
    return 1 if soak.problems else 0


if __name__ == "__main__":
    sys.exit(main())
