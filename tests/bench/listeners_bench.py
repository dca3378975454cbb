#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What many addresses and many stored connections cost: a start, an upgrade
and a rollback under load, beside what the program needs by itself.  The cost is
in proportion to their number: ten times as many take about ten times as long.

LISTENERS and STORED (the greatest numbers), RATE and LIMIT_S are settings."""

import os
import subprocess
import sys
import time
import urllib.request

import rig

LISTENERS = rig.setting("LISTENERS", 1000)
STORED = rig.setting("STORED", 10000)
RATE = rig.setting("RATE", 300)
LIMIT_S = rig.setting("LIMIT_S", 3.0)
CROWD = os.path.join(rig.BUILD, "fixtures", "crowd")
KEEP_S = 2


def answer(address):
    try:
        with urllib.request.urlopen(f"http://{address}/", timeout=5) as reply:
            return reply.headers["X-Version"]
    except OSError:
        return None


def last_address(n, port):
    return f"127.77.{n // 256}.{n % 256}:{port}"


def seconds(act):
    begin = time.monotonic()
    act()
    return time.monotonic() - begin


def bare(n):
    """Seconds until the program answers without hotswap."""
    port = rig.free_port()
    program = []

    def start():
        program.append(subprocess.Popen(
            [CROWD, str(port), str(n), "0", "bare"]))
        rig.until(lambda: answer(last_address(n, port)), "an answer")

    took = seconds(start)
    program[0].kill()
    program[0].wait()
    return took


class Crowd(rig.Rig):
    """A service of the program with many addresses."""

    def begin(self, listeners, stored):
        self.words = [str(rig.free_port()), str(listeners), str(stored)]
        self.hotswap("start", "-n", "web", "--bake", "0s", "--keep",
                     f"{KEEP_S}s", "--drain-timeout", "1s", "--store-max",
                     str(stored + 1), "--start-timeout", "2m", "--ready",
                     "notify", "--", CROWD, *self.words, "v1")
        self.supervisor = self.status()["supervisor"]
        self.address = f"127.77.0.1:{self.words[0]}"

    def log(self):
        try:
            with open("state/web/log", encoding="utf-8") as f:
                return "".join(f.readlines()[-40:])
        except FileNotFoundError:
            return ""

    def upgrade(self):
        self.hotswap("upgrade", "web", "--", CROWD, *self.words, "v2")

    def rollback(self):
        self.hotswap("rollback", "web")

    def count(self, version):
        """What the program of this version says that it was given."""
        said = answer(last_address(int(self.words[1]), self.words[0])) or ""
        if not said.startswith(version + "-"):
            self.problem(f"the last address answers {said}, not {version}")
            return 0
        return int(said.split("-")[1])

    def crash(self):
        """kill -9 of the supervisor, until another one answers."""
        before = self.status()["supervisor"]
        os.kill(before, 9)
        rig.until(lambda: self.other(before), "another supervisor")

    def other(self, before):
        done = subprocess.run([rig.HOTSWAP, "status", "web", "--json"],
                              check=False, capture_output=True, text=True)
        return done.returncode == 0 and \
            f'"supervisor": {before}' not in done.stdout


def run(listeners, stored):
    """A line of the table."""
    with Crowd() as web:
        alone = bare(listeners)
        start = seconds(lambda: web.begin(listeners, stored))
        web.load("--rate", str(RATE))
        upgrade = seconds(web.upgrade)
        given = web.count("v2")
        rollback = seconds(web.rollback)
        crash = seconds(web.crash)
        report = web.end_load()
        stop = seconds(lambda: web.hotswap("stop", "web", "--now"))
        web.supervisor = None
        print(f"  {listeners:9} {stored:7} {alone:6.2f} {start:6.2f} "
              f"{upgrade:7.2f} {rollback:8.2f} {crash:8.2f} {stop:5.2f} "
              f"{report['requests']:8} {report['failures']:6}", flush=True)
        if listeners == LISTENERS or stored == STORED:
            rig.figures.note(
                f"{listeners:,} addresses and {stored:,} stored: start "
                f"{start:.1f} s (bare {alone:.1f} s), upgrade {upgrade:.1f} s, "
                f"rollback {rollback:.1f} s, kill -9 {crash:.1f} s, "
                f"{report['failures']} of {report['requests']} requests failed")
        if given < stored:
            web.problem(f"{given} of {stored} stored were handed over")
        if LIMIT_S and start - alone > LIMIT_S:
            web.problem(f"{listeners} listeners, {stored} stored: started "
                        f"{start - alone:.1f} s later than bare")
        if LIMIT_S and upgrade - alone > LIMIT_S:
            web.problem(f"{listeners} listeners, {stored} stored: the upgrade "
                        f"took {upgrade - alone:.1f} s more than a start")
        return web.verdict()


def main():
    print("  listeners  stored   bare  start upgrade rollback  restart  stop "
          "requests failed   (seconds)")
    failed = 0
    for n in (LISTENERS // 100, LISTENERS // 10, LISTENERS):
        failed |= run(n, 0)
    for n in (STORED // 100, STORED // 10, STORED):
        failed |= run(1, n)
    return failed


if __name__ == "__main__":
    rig.be_undisturbed()
    sys.exit(main())
