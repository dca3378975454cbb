#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Upgrades in a row under load: no request may fail, and the 99th percentile
of latency during swaps is at most 1.2 times that between them.  Once with a
server that stops gracefully, once with one that cuts whatever it has.

Swap and calm take turns in one run, and are told apart in blocks, so that
what else the machine does is in both.  Older generations go on draining
through both; what that costs is seen against `still`, before the first swap.
UPGRADES, RATE, BLOCKS, CALM_MS, SLOW_MS and RATIO are settings; RATIO=0 claims
nothing of time."""

import sys
import time

import rig

UPGRADES = rig.setting("UPGRADES", 50)
RATE = rig.setting("RATE", 3000)
BLOCKS = rig.setting("BLOCKS", 5)
CALM_MS = rig.setting("CALM_MS", 800)
SLOW_MS = rig.setting("SLOW_MS", 3000)
RATIO = rig.setting("RATIO", 1.2)


def swap_all(web, behaviour):
    for n in range(UPGRADES):
        block = n * BLOCKS // UPGRADES
        web.release(f"v{n + 2}", *behaviour)
        web.steer(f"phase calm {block}")
        time.sleep(CALM_MS / 1000)
        web.steer(f"phase swap {block}")
        web.hotswap("upgrade", "web")
    web.steer("phase drain")
    web.drained()


def ratios(report):
    """p99 during swaps by p99 between them, of each block."""
    p99 = {name: phase["latency_us"]["p99"]
           for name, phase in report["phases"].items()}
    return [p99[f"swap {b}"] / p99[f"calm {b}"] for b in range(BLOCKS)]


def run(title, *behaviour):
    with rig.Rig() as web:
        print(f"{title}: {UPGRADES} upgrades at {RATE} new connections/s, "
              "32 kept alive, 5 slow requests", flush=True)
        web.release("v1", *behaviour)
        web.serve("--bake", "300ms", "--keep", "200ms", "--drain-timeout",
                  f"{SLOW_MS + 1000}ms")
        web.load("--rate", str(RATE), "--kept", "32", "--slow", "5",
                 "--slow-time", f"{SLOW_MS}ms", "--phase", "warm")
        time.sleep(0.5)
        web.steer("phase still")
        time.sleep(max(CALM_MS, UPGRADES * CALM_MS / BLOCKS) / 1000)
        swap_all(web, behaviour)
        report = web.end_load()
        web.stop()
        web.claim(report["failures"] == 0,
                  f"{report['requests']} requests, {report['failures']} failed")
        for name, phase in sorted(report["phases"].items()):
            quantiles = phase["latency_us"]
            print(f"    {name:8}{phase['ok']:9} ok  p50 {quantiles['p50']:7.0f}"
                  f"  p99 {quantiles['p99']:7.0f}  p99.9 "
                  f"{quantiles['p99_9']:7.0f}  max {quantiles['max']:7.0f} us")
        found = ratios(report)
        web.claim(not RATIO or rig.median(found) <= RATIO,
                  f"p99 in swaps by p99 between: median {rig.median(found):.2f}"
                  f" of {BLOCKS} blocks ({min(found):.2f} to {max(found):.2f})")
        print(f"    the client was late {report['late']['count']} times, by "
              f"{report['late']['max_ms']:.1f} ms at most; longest gap "
              f"{report['gap']['ms']:.1f} ms", flush=True)
        return web.verdict()


if __name__ == "__main__":
    rig.be_undisturbed()
    sys.exit(run("graceful server")
             | run("server that cuts on SIGTERM", "--exit-on-term"))
