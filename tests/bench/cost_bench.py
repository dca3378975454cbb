#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What a supervisor costs: no system call while idle, few in an upgrade, little
memory, and nothing that stays behind however many upgrades there were.

UPGRADES, WARM_UP (upgrades before anything is counted), IDLE_S, CALLS (of the
supervisor, until an upgrade is over) and MEMORY_KIB (0: the memory is told and
not claimed, since the share of a library's pages depends on what else runs on
the machine) are settings."""

import os
import re
import subprocess
import sys
import time

import rig

UPGRADES = rig.setting("UPGRADES", 200)
WARM_UP = rig.setting("WARM_UP", 60)  # past all that is kept a number of
IDLE_S = rig.setting("IDLE_S", 10)
CALLS = rig.setting("CALLS", 400)
MEMORY_KIB = rig.setting("MEMORY_KIB", 2048)
# What a heap may become uneven by; and the placeholders that a group of
# sockets has for a while (supervisor/traffic/group.h).
SLACK = {"private KiB": 64, "descriptors": 4}


def memory_kib(pid, kind):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
        return int(re.search(rf"^{kind}:\s+(\d+)", f.read(), re.M)[1])


def files(directory):
    return sum(len(names) + len(inner)
               for _, inner, names in os.walk(directory))


def children(pid):
    """Of the supervisor: the living and the zombies."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return len(f.read().split())


def holdings(web):
    """All that could grow."""
    pid = web.pid
    return {"descriptors": len(os.listdir(f"/proc/{pid}/fd")),
            "processes": children(pid), "runtime files": files("run"),
            "state files": files("state"),
            "generations": len(web.status()["generations"]),
            "private KiB": memory_kib(pid, "Private_Dirty")}


def calls_during(web, act, *options):
    """The system calls that strace sees of an idle supervisor meanwhile."""
    rig.until(lambda: rig.is_still(web.pid), "an idle supervisor")
    tracer = subprocess.Popen(["strace", *options, "-o", "trace", "-p",
                               str(web.pid)],
                              stderr=subprocess.PIPE, text=True)
    web.processes.append(tracer)
    tracer.stderr.readline()  # it is attached
    act()
    rig.interrupt(tracer)
    with open("trace", encoding="utf-8") as trace:
        return [line for line in trace if "strace: " not in line]


def idle(web):
    calls = calls_during(web, lambda: time.sleep(IDLE_S), "-f")
    # What it waits in is shown as begun, and never ends; strace interrupts
    # that as it begins, and the timer for it is set again, once a process.
    calls = [c for c in calls if not re.search(r"epoll_p?wait2?\(", c)]
    again = {c.split("timerfd_settime(")[0]: c for c in reversed(calls)
             if "timerfd_settime(" in c}
    for call in again.values():
        calls.remove(call)
    web.claim(not calls, f"{len(calls)} system calls in {IDLE_S} s idle with "
              "one generation")
    kib = memory_kib(web.pid, "Pss")
    web.claim(not MEMORY_KIB or kib < MEMORY_KIB,
              f"{kib} KiB of proportional memory")


def one_upgrade(web):
    """Without its children, and without the end of an older generation."""
    web.release("v1")
    calls = calls_during(web, lambda: web.hotswap("upgrade", "web"))
    web.claim(len(calls) <= CALLS or not rig.setting("UNDISTURBED", 1),
              f"{len(calls)} system calls of the supervisor in an upgrade")


def upgrade(web, first, n):
    for version in range(first, first + n):
        web.release(f"v{version}")
        web.hotswap("upgrade", "web")
    web.drained()


def has_grown(before, after):
    return any(n > before[name] + SLACK.get(name, 0)
               for name, n in after.items())


def settled(web, before):
    """What is held once it has come down again, or after a while."""
    end = time.monotonic() + 20
    after = holdings(web)
    while has_grown(before, after) and time.monotonic() < end:
        time.sleep(0.1)
        after = holdings(web)
    return after


def grow(web):
    """What an upgrade leaves behind is left by each, so it grows in every
    round.  The heap may grow in one: with the number of generations that a
    busy machine has had to end at once."""
    first = 2
    upgrade(web, first, WARM_UP)
    first += WARM_UP
    for last_round in (False, False, True):
        before, used = holdings(web), rig.processor_ms(web.pid)
        upgrade(web, first, UPGRADES)
        used = (rig.processor_ms(web.pid) - used) / UPGRADES
        first += UPGRADES
        # What a client that has just gone held is let go of in the next turn.
        after = settled(web, before)
        if last_round or not has_grown(before, after):
            break
        print(f"  {before} before {UPGRADES} upgrades, {after} afterwards: "
              "once more", flush=True)
    print(f"  {used:.1f} ms of a processor for each upgrade, with "
          f"{rig.processes()} "
          "processes on the machine")
    for name, n in after.items():
        web.claim(n <= before[name] + SLACK.get(name, 0),
                  f"{before[name]} {name} before {UPGRADES} upgrades, {n} "
                  "afterwards")


def main():
    with rig.Rig() as web:
        print(f"one server, {UPGRADES} upgrades", flush=True)
        web.release("v0")
        web.serve("--bake", "20ms", "--keep", "20ms")
        idle(web)
        one_upgrade(web)
        grow(web)
        idle(web)
        web.stop()
        return web.verdict()


if __name__ == "__main__":
    sys.exit(main())
