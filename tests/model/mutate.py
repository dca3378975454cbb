#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Change the events of services that really ran, in ways in which no service can
run, and see that the model rejects each.  Usage: mutate.py SHARED EXCLUSIVE
MIXED, the events of three services, as tests/e2e/model.bats makes them.
HOTSWAP_BUILD has model/replay."""

import copy
import json
import os
import subprocess
import sys
import tempfile

REPLAY = os.path.join(os.environ["HOTSWAP_BUILD"], "model", "replay")


def find(events, name, generation=None):
    """The position of the first such event."""
    return next(at for at, event in enumerate(events)
                if event["event"] == name and
                generation in (None, event.get("generation")))


def drop(name, generation=None):
    def mutate(events):
        del events[find(events, name, generation)]
    return mutate


def double(name, generation=None):
    def mutate(events):
        at = find(events, name, generation)
        events.insert(at, dict(events[at]))
    return mutate


def swap(name, generation):
    """It comes before the event that came before it."""
    def mutate(events):
        at = find(events, name, generation)
        events.insert(at - 1, events.pop(at))
    return mutate


def change(name, generation, /, **members):
    def mutate(events):
        events[find(events, name, generation)].update(members)
    return mutate


def repeat(name, generation, after, of, /, **members):
    """The same event once more, with other members, after another event."""
    def mutate(events):
        event = dict(events[find(events, name, generation)], **members)
        events.insert(find(events, after, of) + 1, event)
    return mutate


# What no service can tell: the events of one in which generation 2 is
# promoted over shares, and 3 is taken back in its bake.
SHARED = {
    "a start is missing": drop("started", 2),
    "a readiness is missing": drop("ready", 2),
    "an outcome is missing": drop("promoted", 2),
    "a taking back is missing": drop("rolled-back", 3),
    "a start is doubled": double("started", 2),
    "a readiness is doubled": double("ready", 2),
    "an outcome is doubled": double("promoted", 2),
    "an end is doubled": double("retired", 3),
    "ready before it is started": swap("ready", 2),
    "promoted before it is ready": swap("promoted", 1),
    "a share before it is ready": swap("shifted", 2),
    "a share that is not checked": change("ready", 2, share=50),
    "a start with a share": change("started", 3, share=100),
    "a bake with a part": change("shifted", 2, state="baking"),
    "taken back, but with a share": change("rolled-back", 3, share=100),
    "another generation is promoted": change("promoted", 2, generation=1),
    "another number than the next": change("started", 2, generation=3),
    "a number twice": change("started", 3, generation=2),
    "the wrong one is active": change("promoted", 2, active=1),
    "nobody is active": change("started", 2, active=0),
    "another state": change("started", 2, state="baking"),
    "a share while it starts": change("shifted", 2, state="starting"),
    "two outcomes": repeat("rolled-back", 3, "promoted", 2, generation=2,
                           active=2),
    "an outcome after an outcome": repeat("promoted", 2, "rolled-back", 3,
                                          generation=3, active=3),
    "aborted, though it met users": change("rolled-back", 3, event="aborted"),
    "the active one has ended": repeat("retired", 3, "promoted", 2,
                                       generation=2),
    "a crash of one that has ended": repeat("started", 3, "retired", 3,
                                            event="crashed"),
    "a reexec ends that never began": repeat("stopping", None, "ready", 2,
                                             event="reexecuted", active=1,
                                             state="starting"),
    "a start after the end": repeat("started", 2, "stopped", None),
    "stopped, but never told to": drop("stopping"),
}

# Of one that is replaced with --strategy exclusive: 2 is aborted in its bake.
EXCLUSIVE = {
    "a start beside the old one": swap("started", 2),
    "nobody has waited": drop("paused", 2),
    "who waited is never served": drop("resumed", 2),
    "the old one is not asked to come back": drop("restoring"),
    "the old one is never started again": drop("restarted", 1),
    "the old one serves while the other runs": swap("restarted", 1),
    "two outcomes": double("rolled-back", 2),
}

# Its first start sees a reexec, and its upgrades alone are exclusive:
# 2 is taken back, 1 cannot be started at once, 3 is promoted.
MIXED = {
    "a first start that is handed over begins again": repeat(
        "started", 1, "reexecuted", None),
    "a first start is taken over that nobody handed over": drop("reexecuting"),
    "a first start is handed over twice": double("reexecuting"),
    "a rollback is exclusive, which no promoted upgrade was": change(
        "promoted", 3, event="rolled-back"),
    "started again before the other has ended": repeat(
        "restarted", 1, "restoring", None),
    "one that could not be started accepts": repeat(
        "resumed", 3, "restoring", None, generation=1, active=1,
        state="restoring"),
    "started again once the service ends": repeat(
        "restarted", 1, "stopping", None, generation=3, active=3),
}


def write(events, path):
    """Numbered anew: the numbers alone would tell what is missing."""
    with open(path, "w", encoding="utf-8") as file:
        for number, event in enumerate(events, 1):
            file.write(json.dumps(dict(event, number=number)) + "\n")


def is_rejected(events, path):
    write(events, path)
    found = subprocess.run([REPLAY, path], stderr=subprocess.PIPE, text=True,
                           check=False)
    return found.returncode == 1 and "does not follow" in found.stderr


def main():
    failed = False
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "events")
        for file, mutants in zip(sys.argv[1:], (SHARED, EXCLUSIVE, MIXED)):
            with open(file, encoding="utf-8") as lines:
                real = [json.loads(line) for line in lines]
            if is_rejected(real, path):
                sys.exit(f"{file}: the model rejects what really was")
            for name, mutate in mutants.items():
                events = copy.deepcopy(real)
                mutate(events)
                rejected = is_rejected(events, path)
                print("rejected:" if rejected else "NOT REJECTED:", name)
                failed |= not rejected
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
