#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What clients see when a server is replaced in the ways that people use
today, and by hotswap: each way is driven as its manual says, under the same
load, through a good release, the way back, a release that answers 500, one
that ends at once, and the death of the process that manages.  A bad release that serves is taken back after HURT
seconds, as fast as somebody who watches could.

ROUNDS, RATE, HURT, TIMEOUT are settings; WAYS names some of them."""

import os
import re
import shutil
import subprocess
import sys
import time

import rig
import ways

ROUNDS = rig.setting("ROUNDS", 3)
RATE = rig.setting("RATE", 1000)
HURT = rig.setting("HURT", 1.0)
TIMEOUT = rig.setting("TIMEOUT", 2)  # seconds, of a request
STEPS = ("upgrade", "back", "sick", "dead", "kill")


class Figures:
    """What one way did in all rounds."""

    def __init__(self):
        self.requests = 0
        self.failed = {step: 0 for step in STEPS}
        self.status = {}
        self.works = None  # once its manager was killed
        self.back_ms = []


def last_answer(web, version):
    """When the last new connection began that met this version."""
    return max((g["last_ns"] for g in web.report()["generations"]
                if g["version"] == version), default=0)


def upgrade(way, figures):
    way.upgrade("v2")
    time.sleep(HURT)


def back(way, figures):
    began = time.monotonic_ns()
    way.back()
    time.sleep(HURT)
    last = last_answer(way.web, "v2")
    figures.back_ms.append(max(0, (last - began) / 1e6))


def bad(kind):
    def act(way, figures):
        figures.status[kind] = way.upgrade("v3", kind)
        time.sleep(HURT)
        way.repair()
        time.sleep(HURT)
    return act


def kill(way, figures):
    figures.works = way.kill_manager()
    time.sleep(HURT)


ACTS = dict(zip(STEPS, (upgrade, back, bad("sick"), bad("dead"), kill)))


def put_load_on(way, figures):
    """All steps, each with the failures since the last."""
    web, failures = way.web, 0
    web.load("--rate", str(RATE), "--kept", "8", "--slow", "3", "--slow-time",
             "1s", "--timeout", f"{TIMEOUT}s")
    time.sleep(HURT)
    for step in STEPS:
        ACTS[step](way, figures)
        report = web.report()
        figures.failed[step] += report["failures"] - failures
        failures = report["failures"]
    figures.requests += report["requests"]
    web.steer("stop")
    web.client.communicate()


def play(way_class, figures):
    """One round of one way."""
    with rig.Rig() as web:
        way = way_class(web)
        try:
            way.start()
            put_load_on(way, figures)
        finally:
            way.stop()


def throughput(port):
    done = subprocess.run(
        ["wrk", "-t1", "-c16", "-d2s", f"http://127.0.0.1:{port}/"],
        check=True, capture_output=True, text=True)
    return float(re.search(r"Requests/sec:\s*([\d.]+)", done.stdout)[1])


def price_of_a_proxy():
    """The same server through it and without it, in turns."""
    with rig.Rig() as web:
        way = ways.TwoPorts(web)
        try:
            way.start()
            ratios = sorted(throughput(way.port) / throughput(way.ports[0])
                            for _ in range(2 * ROUNDS + 1))
        finally:
            way.stop()
    text = (f"through the proxy: {rig.median(ratios):.2f} of the requests a "
            f"second ({ratios[0]:.2f} to {ratios[-1]:.2f}, kept connections)")
    print(text)
    rig.figures.note(text)


def said(figures, kind):
    status = figures.status[kind]
    return f"{figures.failed[kind]:,}, " + (
        "no status" if status is None else
        status if isinstance(status, str) else f"status {status}")


def survived(figures):
    if figures.works is None:
        return "-"
    return (f"{figures.failed['kill']:,}, " +
            ("upgrades work" if figures.works else "no upgrade any more"))


def row(name, figures):
    return (f"| {name} | {figures.requests:,} | "
            f"{figures.failed['upgrade']:,} | {said(figures, 'sick')} | "
            f"{said(figures, 'dead')} | {figures.failed['back']:,}, "
            f"{rig.median(figures.back_ms):,.0f} ms | {survived(figures)} |")


def main():
    named = os.environ.get("WAYS", "").split(",")
    if named != [""]:
        rig.figures.note("? WAYS chose some")
    chosen = [w for w in ways.ALL if named == [""] or w.__name__ in named]
    figures = {way: Figures() for way in chosen}
    for _ in range(ROUNDS):
        for way in chosen:
            play(way, figures[way])
    print(f"{ROUNDS} rounds at {RATE} new connections a second, 8 kept, "
          f"3 slow; requests that failed in each step")
    table = ["| way | requests | upgrade | release that answers 500 | "
             "release that ends at once | way back | "
             "`kill -9` of what manages |", "|" + " --- |" * 7,
             *(row(way.name, figures[way]) for way in chosen)]
    print(*table, sep="\n")
    ours = figures.get(ways.Hotswap)
    if ours is not None:
        rig.figures.note(f"{ours.requests} requests",
                         f"{sum(ours.failed.values())} failed", *table)
    if ways.TwoPorts in chosen and shutil.which("wrk") is not None:
        price_of_a_proxy()
    if ours is not None and any(ours.failed.values()):
        print(f"FAILED: hotswap lost requests: {ours.failed}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
