#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Going back to a parked generation: how long after the command's start does
the last new connection reach the generation that is left?  10 ms at most,
with no process started.

ROUNDS and RATE are settings."""

import sys
import time

import rig

ROUNDS = rig.setting("ROUNDS", 30)
RATE = rig.setting("RATE", 1000)
LIMIT_MS = 10


def last_connection(web, generation):
    """When the last new connection began that this one answered."""
    for found in web.report()["generations"]:
        if found["generation"] == generation:
            return found["last_ns"]
    return None


def go_back(web):
    """One upgrade and its rollback: how many milliseconds it took."""
    web.hotswap("upgrade", "web")
    left = web.status()["active"]
    rig.until(lambda: last_connection(web, left) is not None,
              f"an answer of generation {left}")
    children = web.children()
    began = time.monotonic_ns()
    web.hotswap("rollback", "web")
    if web.children() != children:
        web.problem("the rollback has started a process")
    time.sleep(0.1)
    ms = (last_connection(web, left) - began) / 1e6
    web.drained()
    return max(ms, 0)


def run(title, *options):
    with rig.Rig() as web:
        print(f"{title}: {ROUNDS} rollbacks", flush=True)
        web.release("v1")
        web.serve("--bake", "50ms", "--keep", "1m", "--drain-timeout", "1s")
        web.load(*options)
        times = [go_back(web) for _ in range(ROUNDS)]
        report = web.end_load()
        web.stop()
        web.claim(report["failures"] == 0,
                  f"{report['requests']} requests, {report['failures']} failed")
        web.claim(max(times) <= LIMIT_MS,
                  f"last connection to the wrong one {rig.median(times):.1f} ms"
                  f" after the command's start (median), {max(times):.1f} ms "
                  "at most")
        return web.verdict()


if __name__ == "__main__":
    rig.be_undisturbed()
    sys.exit(run("light load", "--rate", str(RATE))
             | run("full load", "--rate", "3000", "--kept", "32", "--slow",
                   "5", "--slow-time", "500ms"))
