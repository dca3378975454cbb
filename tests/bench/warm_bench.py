#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The first second of a Java server after an upgrade, without and with --warm:
the 99th percentile of the answers' times beside that of the seconds before the
upgrade, in which the old generation has served for long.  The two kinds take
turns, ROUNDS each; with --warm the ratio of the medians is at most RATIO.
RATE new connections a second; RATIO=0 claims nothing."""

import os
import shutil
import subprocess
import sys
import time

import rig

ROUNDS = rig.setting("ROUNDS", 5)
RATE = rig.setting("RATE", 200)
RATIO = rig.setting("RATIO", 1.2)
STEADY = rig.setting("STEADY", 4.0)
COUNT = rig.setting("COUNT", 20000)
WARM = {"without --warm": (),
        "with --warm": ("--warm-count", str(COUNT), "--warm-parallel", "2")}


def free_port():
    return subprocess.run(
        [os.path.join(rig.BUILD, "fixtures", "free_port")], check=True,
        capture_output=True, text=True).stdout.strip()


def shifted(web, generation):
    """Has the generation got all the traffic?"""
    return any(g["number"] == generation and g["share"] == 100
               for g in web.status()["generations"])


def upgrade(web, number, options):
    """One upgrade under load, with phases of its own."""
    web.steer(f"phase steady{number}")
    time.sleep(STEADY)
    web.steer("phase meanwhile")
    command = subprocess.Popen([rig.HOTSWAP, "upgrade", "web", *options],
                               stderr=subprocess.DEVNULL)
    rig.until(lambda: shifted(web, number), "all the traffic", 120)
    web.steer(f"phase first{number}")
    time.sleep(1)
    web.steer("phase meanwhile")
    if command.wait() != 0:
        web.problem("the upgrade failed")
    web.drained()
    # The new one is the old one of the next round: it serves for a while.
    time.sleep(STEADY)


def tell(web, report, kind, numbers):
    def p99(phase):
        return [report["phases"][f"{phase}{n}"]["latency_us"]["p99"] / 1000
                for n in numbers]

    steady, first = p99("steady"), p99("first")
    ratio = rig.median(first) / rig.median(steady)
    web.claim(kind == "without --warm" or not RATIO or ratio <= RATIO,
              f"{kind}: p99 of the first second {rig.median(first):.1f} ms "
              f"({min(first):.1f} to {max(first):.1f}), steady "
              f"{rig.median(steady):.1f} ms ({min(steady):.1f} to "
              f"{max(steady):.1f}): ratio {ratio:.2f}")


def main():
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                          "Busy.java")
    with rig.Rig() as web:
        shutil.copy(source, ".")
        subprocess.run(["javac", "Busy.java"], check=True)
        port = free_port()
        url = f"http://127.0.0.1:{port}/"
        web.serve("--keep", "0", "--bake", "1s", "--health", url,
                  listen=f"127.0.0.1:{port}",
                  program=("java", "-Djava.net.preferIPv4Stack=true",
                           "-cp", ".", "Busy", port))
        web.load("--rate", str(RATE))
        time.sleep(3 * STEADY)
        number, rounds = 1, {kind: [] for kind in WARM}
        for _ in range(ROUNDS):
            for kind, options in WARM.items():
                number += 1
                upgrade(web, number,
                        ("--warm", url, *options) if options else ())
                rounds[kind].append(number)
        report = web.end_load()
        for kind, numbers in rounds.items():
            tell(web, report, kind, numbers)
        web.stop()
        return web.verdict()


if __name__ == "__main__":
    rig.be_undisturbed()
    sys.exit(main())
