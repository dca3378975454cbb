#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Going back to a parked generation: how long after the command's start does
the last new connection reach the generation that is left?  Even at the most no
longer than RATIO times what `hotswap status` takes, which changes nothing: the
two take turns, so that what else the machine does is in both.  From a client
that is connected already it takes at most LIMIT_MS, by the median, whichever
way connections are steered.  No process is started, and once the answer is
there no new connection reaches the wrong one.

ROUNDS, RATE, RATIO and LIMIT_MS are settings; RATIO=0 claims nothing of time."""

import json
import socket
import sys
import time

import rig

ROUNDS = rig.setting("ROUNDS", 30)
RATE = rig.setting("RATE", 1000)
RATIO = rig.setting("RATIO", 1.0)
LIMIT_MS = rig.setting("LIMIT_MS", 1.0)


def last_connection(web, generation):
    """When the last new connection began that this one answered."""
    for found in web.report()["generations"]:
        if found["generation"] == generation:
            return found["last_ns"]
    return None


def timed(web, *arguments):
    """Run a command: when it began and ended."""
    began = time.monotonic_ns()
    web.hotswap(*arguments)
    return began, time.monotonic_ns()


def by_command(web):
    return timed(web, "rollback", "web")


def by_connected_client(web):
    """Call the method through a connection that has been accepted before."""
    with socket.socket(socket.AF_UNIX) as client:
        client.connect("run/web.sock")
        ask(client, "Status")
        began = time.monotonic_ns()
        answer = ask(client, "Rollback")
        ended = time.monotonic_ns()
    if "error" in answer:
        web.problem(f"Rollback: {answer}")
    return began, ended


def ask(client, method):
    call = {"method": f"org.hotswap.Supervisor.{method}"}
    client.sendall(json.dumps(call).encode() + b"\0")
    answer = b""
    while not answer.endswith(b"\0"):
        answer += client.recv(65536)
    return json.loads(answer[:-1])


def go_back(web, roll_back):
    """One upgrade and its rollback: how many milliseconds passed before the
    last connection to the wrong one began, and before another command had
    ended."""
    web.hotswap("upgrade", "web")
    left = web.status()["active"]
    rig.until(lambda: last_connection(web, left) is not None,
              f"an answer of generation {left}")
    began, ended = timed(web, "status", "web", "--json")
    baseline = (ended - began) / 1e6
    # What the upgrade started may end late, and is then seen as well.
    rig.until(lambda: rig.is_still(web.pid), "an idle supervisor")
    children = web.children()
    began, ended = roll_back(web)
    if web.children() != children:
        web.problem("the rollback has started a process")
    time.sleep(0.1)
    last = last_connection(web, left)
    if last > ended:
        web.problem(f"a connection reached generation {left} "
                    f"{(last - ended) / 1e6:.1f} ms after the rollback")
    web.drained()
    return max((last - began) / 1e6, 0), baseline


def end(web):
    report = web.end_load()
    web.stop()
    web.claim(report["failures"] == 0,
              f"{report['requests']} requests, {report['failures']} failed")


def run(title, *options):
    with rig.Rig() as web:
        print(f"{title}: {ROUNDS} rollbacks", flush=True)
        web.release("v1")
        web.serve("--bake", "50ms", "--keep", "1m", "--drain-timeout", "1s")
        web.load(*options)
        times, baselines = zip(*(go_back(web, by_command)
                                 for _ in range(ROUNDS)))
        end(web)
        baseline = rig.median(baselines)
        web.claim(not RATIO or max(times) <= RATIO * baseline,
                  f"last connection to the wrong one {rig.median(times):.1f} "
                  f"ms after the command's start (median), {max(times):.1f} ms "
                  f"at most; `hotswap status` takes {baseline:.1f} ms (median)")
        return web.verdict()


def run_connected(steering):
    with rig.Rig() as web:
        print(f"a connected client, --steering {steering}: {ROUNDS} rollbacks",
              flush=True)
        web.release("v1")
        web.serve("--bake", "50ms", "--keep", "1m", "--drain-timeout", "1s",
                  "--steering", steering)
        web.load("--rate", "3000")
        times = [go_back(web, by_connected_client)[0] for _ in range(ROUNDS)]
        end(web)
        web.claim(not RATIO or rig.median(times) <= LIMIT_MS,
                  f"last connection to the wrong one {rig.median(times):.2f} "
                  f"ms after the call (median), {max(times):.2f} ms at most")
        return web.verdict()


if __name__ == "__main__":
    rig.be_undisturbed()
    sys.exit(run("light load", "--rate", str(RATE))
             | run("full load", "--rate", "3000", "--kept", "32", "--slow",
                   "5", "--slow-time", "500ms")
             | run_connected("auto") | run_connected("classic"))
