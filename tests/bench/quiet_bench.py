#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What users notice of an upgrade while the new version computes to start: the
latency of new connections during an upgrade beside that in between, in paired
blocks of one run.  First with 300 ms of processor time; then with a candidate
that takes two processors for 5 s each.  Server::Starter and nginx stand beside
hotswap with and without --quiet in the first part; nginx computes nothing to
start, and Server::Starter ends the old server a second after it has started the
new one, which serves nobody in the second part.

All runs in one control group with a high weight, where version 1 of the
controller cpu is there, so that other work on the machine takes less part; the
load client comes before all else, so that it measures the servers and not
itself: a group needs real time of its own for that.

ROUNDS (of all ways, in turns), BLOCKS (of each), RATE, CALM_MS, BOOT_MS and
BURN_MS (0: none), RATIO and RATIO_999 (medians, claimed of --quiet;
0: told, not claimed) and BURN_RATIO are settings; WAYS names some of the
ways."""

import os
import subprocess
import sys
import time

import rig
import ways

ROUNDS = rig.setting("ROUNDS", 3)
BLOCKS = rig.setting("BLOCKS", 7)
RATE = rig.setting("RATE", 2000)
CALM_MS = rig.setting("CALM_MS", 1500)
BOOT_MS = rig.setting("BOOT_MS", 300)
BURN_MS = rig.setting("BURN_MS", 5000)
RATIO = rig.setting("RATIO", 1.1)
RATIO_999 = rig.setting("RATIO_999", 1.5)
BURN_RATIO = rig.setting("BURN_RATIO", 1.3)
WEIGHTED = "/sys/fs/cgroup/cpu"


def enter_group():
    """Where it can be made: its path."""
    path = os.path.join(WEIGHTED, f"hotswap-bench.{os.getpid()}")
    try:
        os.mkdir(path)
        for name, value in (("cpu.shares", 262144),
                            ("cpu.rt_runtime_us", 500000),
                            ("cgroup.procs", os.getpid())):
            with open(os.path.join(path, name), "w", encoding="ascii") as f:
                f.write(str(value))
    except OSError:
        print("(no control group of version 1: other work on this machine is "
              "in the figures)")
        return None
    return path


def leave_group(path):
    if path is None:
        return
    with open(os.path.join(WEIGHTED, "cgroup.procs"), "w",
              encoding="ascii") as f:
        f.write(str(os.getpid()))
    try:
        rig.until(lambda: not open(os.path.join(path, "cgroup.procs"),
                                   encoding="ascii").read(), "an empty group")
        os.rmdir(path)
    except (OSError, TimeoutError):
        pass


class Booting:
    """A way whose releases compute before they serve."""

    boot = ()

    def release(self, version, kind):
        self.web.release(version, *self.boot)


class Hotswap(Booting, ways.Hotswap):
    name = "hotswap"
    options = ()

    def start(self):
        self.release("v1", "good")
        self.supervisor = self.run(
            rig.HOTSWAP, "run", "-n", "web", "-l", self.web.address,
            "--health", f"http://{self.web.address}/",
            "--health-interval", "100ms", "--bake", "100ms", "--keep", "100ms",
            *self.options, "--", "./server", "--notify")
        rig.until(lambda: ways.answers(self.port), "an answer")


class Quiet(Hotswap):
    name = "hotswap --quiet"
    options = ("--quiet",)


class ServerStarter(Booting, ways.ServerStarter):
    pass


class Nginx(ways.NginxSignals):
    pass


def load(way):
    """As rig.load, but before all others."""
    web = way.web
    web.client = subprocess.Popen(
        [os.path.join(rig.BUILD, "load"), "--control", "steer", "--rate",
         str(RATE), "--timeout", "5s", web.address], stdout=subprocess.PIPE)
    web.processes.append(web.client)
    try:
        os.sched_setscheduler(web.client.pid, os.SCHED_RR, os.sched_param(1))
    except PermissionError:
        print("(the load client takes its turns with the servers: its own "
              "delays are in the figures)")
    rig.until(lambda: os.path.exists("steer"), "the load client's FIFO")


def blocks_of(way, boot, blocks):
    """The load client's report of so many pairs, calm and upgrade."""
    way.boot = ("--boot 0",)
    way.start()
    way.boot = boot
    load(way)
    time.sleep(1)
    for block in range(blocks):
        way.web.steer(f"phase calm {block}")
        time.sleep(CALM_MS / 1000)
        way.web.steer(f"phase swap {block}")
        way.upgrade(f"v{block + 2}")
        way.web.steer("phase after")
        time.sleep(0.3)
    return way.web.end_load()


def ratios(report, quantile, blocks):
    us = {name: phase["latency_us"][quantile]
          for name, phase in report["phases"].items()}
    return [us[f"swap {b}"] / us[f"calm {b}"] for b in range(blocks)]


class Figures:
    """What one way did in all rounds."""

    def __init__(self):
        self.ratios = {"p99": [], "p99_9": []}
        self.calm = []
        self.failures = 0

    def add(self, report, blocks):
        for quantile, found in self.ratios.items():
            found += ratios(report, quantile, blocks)
        self.calm += [report["phases"][f"calm {b}"]["latency_us"]["p99"]
                      for b in range(blocks)]
        self.failures += report["failures"]

    def told(self, quantile):
        found = self.ratios[quantile]
        return (f"{rig.median(found):5.2f} ({min(found):.2f} to "
                f"{max(found):.2f})")


def measure(way_class, boot, blocks, figures):
    with rig.Rig() as web:
        way = way_class(web)
        try:
            figures.add(blocks_of(way, boot, blocks), blocks)
        finally:
            way.stop()


def claim(what, most, ratio):
    if most and ratio > most:
        print(f"FAILED: {what}: {ratio:.2f}, claimed {most}")
        return 1
    return 0


def bench(title, boot, blocks, chosen, most):
    print(f"{title}: {ROUNDS * blocks} pairs of blocks, {RATE} new connections/s",
          flush=True)
    every = {way: Figures() for way in chosen}
    for _ in range(ROUNDS):
        for way, figures in every.items():
            measure(way, boot, blocks, figures)
    for way, figures in every.items():
        print(f"  {way.name:22} p99 in upgrades by that between: "
              f"{figures.told('p99')}, p99.9: {figures.told('p99_9')}; between "
              f"{rig.median(figures.calm):.0f} us; {figures.failures} failed",
              flush=True)
    if Quiet not in every:
        return 0
    quiet = every[Quiet].ratios
    rig.figures.note(f"{title}: p99 in upgrades by that between: "
                     f"{every[Quiet].told('p99')}, p99.9: "
                     f"{every[Quiet].told('p99_9')}")
    return (claim("p99", most[0], rig.median(quiet["p99"]))
            | claim("p99.9", most[1], rig.median(quiet["p99_9"])))


def main():
    names = os.environ.get("WAYS", "").split(",")
    every = (Quiet, Hotswap, ServerStarter, Nginx)
    chosen = [way for way in every if names == [""]
              or way.__name__ in names]
    group = enter_group()
    try:
        failed = 0
        if BOOT_MS:
            failed = bench(f"a boot of {BOOT_MS} ms", (f"--boot {BOOT_MS}",),
                           BLOCKS, chosen, (RATIO, RATIO_999))
        if BURN_MS:
            failed |= bench(
                f"a boot that takes two processors for {BURN_MS} ms",
                (f"--boot {BURN_MS}", "--boot-processes 2"),
                min(2, BLOCKS),
                [way for way in chosen if issubclass(way, Hotswap)], (BURN_RATIO, 0))
    finally:
        leave_group(group)
    return failed


if __name__ == "__main__":
    sys.exit(main())
