#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Kill the keeper, or keeper and supervisor both, at random instants while
rollouts go on under load, and run the same command again: what lives must be
taken over, no request may fail, and no second copy may run.  Each kill finds
one generation that serves, and what the rollout makes of it: while nobody
supervises, what is left of older ones may be reached, hotswap(1).
usage: adopt_kills.py [KILLS] [RATE]"""
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import figures
from kills import (BUILD, HOTSWAP, ask, free_port, hold_events, keep_events,
                   release)

CALM = 0.4   # seconds between kills, at the longest
PATIENCE = 10  # for the service to be supervised again


class Campaign:
    """One service, its load, and what has happened to both."""

    def __init__(self, directory, rate):
        self.directory = directory
        self.server = os.path.join(directory, "server")
        self.version = 1
        self.back_ms = []
        self.kinds = {"keeper": 0, "both": 0}
        self.faults = []
        self.load = None
        self.port = free_port()
        self.control = os.path.join(directory, "steer")
        self.log = open(os.path.join(directory, "log"), "ab")
        release(self.server, "v1")
        self.keeper = self.run()
        self.until_supervised()
        self.load = subprocess.Popen(
            [os.path.join(BUILD, "load"), "--control", self.control,
             "--rate", str(rate), "--kept", "8", f"127.0.0.1:{self.port}"],
            stdout=subprocess.PIPE, text=True)

    def run(self):
        """The command that a unit or a script repeats."""
        return subprocess.Popen(
            [HOTSWAP, "run", "-n", "web", "-l", f"127.0.0.1:{self.port}",
             "--bake", "150ms", "--keep", "0", "--drain-timeout", "500ms",
             "--", self.server], stdout=self.log, stderr=self.log)

    def until_supervised(self):
        """By the keeper that was started last, which must not end."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if self.keeper.poll() is not None:
                raise SystemExit(f"run ended with {self.keeper.returncode}")
            now = ask("status", "web", "--json")
            if now is not None and now["pid"] == self.keeper.pid and \
                    now["active"] != 0:
                return now
            time.sleep(0.005)
        raise SystemExit("nobody supervises")

    def until_drained(self):
        """No generation is on its way out, and no rollout under way."""
        for state in ("idle", "drained"):
            subprocess.run([HOTSWAP, "wait", "web", "--for", state,
                            "--timeout", "20s"], check=False,
                           stderr=self.log)

    def act(self):
        """Begin a rollout; it is no matter whether it may."""
        command = random.choice([
            ["upgrade", "web", "--no-wait"],
            ["upgrade", "web", "--no-wait", "--canary", "10,50",
             "--step-time", "100ms"],
            ["rollback", "web", "--no-wait"], ["abort", "web"]])
        if command[0] == "upgrade":
            self.version += 1
            release(self.server, f"v{self.version}")
        return subprocess.Popen([HOTSWAP, *command], stdout=self.log,
                                stderr=self.log)

    def kill(self):
        """One death, and what follows from it."""
        self.until_drained()
        supervisor = self.until_supervised()["supervisor"]
        acting = self.act()
        time.sleep(random.uniform(0, CALM))
        kind = random.choice(list(self.kinds))
        self.kinds[kind] += 1
        dead = [self.keeper.pid] + [supervisor] * (kind == "both")
        random.shuffle(dead)
        for pid in dead:
            os.kill(pid, signal.SIGKILL)
        self.keeper.wait()
        began = time.monotonic()
        self.keeper = self.run()
        self.until_supervised()
        self.back_ms.append((time.monotonic() - began) * 1000)
        acting.wait()

    def check_processes(self):
        """Those of the service, no more and no less."""
        self.until_drained()
        now = self.until_supervised()
        living = [g for g in now["generations"] if g["pid"]]
        if [g["share"] for g in living if g["role"] == "active"] != [100]:
            self.faults.append(f"shares: {living}")
        running = {pid for g in living for pid in g["pids"]}
        found = set(map(int, subprocess.run(
            ["pgrep", "-f", "^" + self.server], capture_output=True,
            check=False, text=True).stdout.split()))
        if found != running:
            self.faults.append(f"processes: {found} run, {running} are known")

    def end(self):
        """Count up."""
        self.check_processes()
        with open(self.control, "w", encoding="ascii") as control:
            control.write("stop\n")
        report = json.loads(self.load.communicate()[0])
        if report["failures"]:
            self.faults.append(f"failed: {json.dumps(report)[:600]}")
        subprocess.run([HOTSWAP, "stop", "web", "--now"], check=False,
                       stderr=self.log)
        if self.keeper.wait() != 0:
            self.faults.append(f"run ended with {self.keeper.returncode}")
        told = [f"{sum(self.kinds.values())} kills",
                f"{report['requests']} requests",
                f"{report['failures']} failed",
                f"{self.kinds['both']} of both, {self.kinds['keeper']} of the "
                "keeper", "taken over after "
                f"{statistics.median(self.back_ms):.0f} ms (median), "
                f"{max(self.back_ms):.0f} ms at the most"]
        print("; ".join(told))
        figures.note(*told)


def tidy(campaign):
    """End what is left, by PID."""
    for child in (campaign.keeper, campaign.load):
        if child is not None and child.poll() is None:
            child.kill()
    for pid in subprocess.run(
            ["pgrep", "-f", "^" + campaign.server], capture_output=True,
            check=False, text=True).stdout.split():
        os.kill(int(pid), signal.SIGKILL)


def main():
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    rate = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    seed = int(os.environ.get("SEED", random.randrange(1 << 30)))
    random.seed(seed)
    with tempfile.TemporaryDirectory() as directory:
        keep_events(directory)
        campaign = Campaign(directory, rate)
        try:
            for _ in range(kills):
                campaign.kill()
            campaign.end()
        except SystemExit as fault:
            campaign.faults.append(str(fault))
        finally:
            tidy(campaign)
            campaign.faults += hold_events(directory)
            for fault in campaign.faults:
                print(f"adopt_kills: SEED={seed}: {fault}")
            if campaign.faults:
                with open(os.path.join(directory, "log"),
                          encoding="utf-8") as log:
                    print(*log.readlines()[-60:], sep="")
    return 1 if campaign.faults else 0


if __name__ == "__main__":
    sys.exit(main())
