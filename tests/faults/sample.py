# SPDX-License-Identifier: ISC
"""What `make check` tries: the faults that were found before, and some that
change with the date."""
import os
import re
import time
import zlib

from plan import Fault, errors, text_of

HERE = os.path.dirname(os.path.abspath(__file__))
COMMANDS = 3   # of those that a service outlives
FAULTS = 8     # for each
ERRORS = 4     # the first ones of the table, which correct callers meet
SURVEYS = 2    # runs without fault, to see which calls are made


def found():
    """Command: (site without line and function, error, what is said)."""
    table = {}
    with open(os.path.join(HERE, "found"), encoding="ascii") as file:
        for line in file:
            if not line.startswith("#"):
                command, site, error, *said = line.strip().split(" ", 3)
                table.setdefault(command, []).append(
                    (site, error, "".join(said)))
    return table


def without_line(site):
    return re.sub(r"(:\d+\(|\+0x).*$", "", site)


def faults_found(entries, sites):
    """Fault: what is said."""
    return {Fault(site, 1, error, "once"): said
            for want, error, said in entries
            for site in sorted(sites) if without_line(site) == want}


def faults_of_day(seed, sites):
    """The same for the same seed, also if a run makes some calls more."""
    table = errors()

    def chance(text):
        return zlib.crc32(f"{seed} {text}".encode())
    chosen = []
    for site in sorted(sites, key=chance):
        call = site.split(":", 1)[1].split("@")[0]
        listed = table.get(call, ["ENOMEM"])[:ERRORS]
        if not site.startswith("other"):
            chosen.append(Fault(site, 1, listed[chance(site) % len(listed)],
                                "once"))
    return chosen[:FAULTS]


def commands_of_day(seed, names):
    return sorted(names, key=lambda name: zlib.crc32(
        f"{seed} {name}".encode()))[:COMMANDS]


def survey(bench):
    """Sites, after some runs without fault; and what went wrong."""
    seen = set()
    for _ in range(SURVEYS):
        _, hits, faults = bench.attempt(None)
        if faults:
            return seen, faults
        seen |= set(hits)
    return seen, []


def run(bench_of, kept):
    """How many faults were not held.  bench_of makes a bench by name."""
    seed = os.environ.get("SEED") or time.strftime("%Y%m%d")
    print(f"SEED={seed}: these faults change with the date.  A failure may "
          "be older than your change; it is tried again by:\n"
          f"SEED={seed} make check TESTS=tests/e2e/faults.bats", flush=True)
    known, failed, made = found(), 0, 0
    today = commands_of_day(seed, kept)
    for name in sorted(set(known) | set(today)):
        bench = bench_of(name)
        sites, wrong = survey(bench)
        chosen = faults_found(known.get(name, []), sites)
        if name in today:
            chosen = {**dict.fromkeys(faults_of_day(seed, sites), ""),
                      **chosen}
        for fault, said in chosen.items() if not wrong else []:
            fired, _, wrong = bench.attempt(fault)
            if fired and said not in bench.command.said and not wrong:
                wrong = [f"not `{said}` was said, but {bench.command.said}"]
            made += fired > 0
            failed += bool(wrong)
            if wrong:
                print(f"failed: campaign.py --replay {name} "
                      f"'{text_of(fault)}': " + "; ".join(wrong)[:1500], flush=True)
        if wrong and not chosen:
            failed += 1
            print(f"failed: {name} without fault: " + "; ".join(wrong))
        bench.drop()
    print(f"{made} faults, {failed} failed")
    return failed
