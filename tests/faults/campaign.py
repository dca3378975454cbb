#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Let every call of supervisor and keeper fail, one after the other, for each
command of the contract, and look after each fault whether every promise is
kept.
usage: campaign.py [COMMAND...]      or: campaign.py --replay COMMAND FAULT
or: campaign.py --sample.  A COMMAND kernel-NAME has strace(1) make the faults.
FAULTS_TIME: seconds for each command; FAULTS_N: so many faults for each;
SETTING.COMMAND is a command of another service, settings.py.
SEED: the order; SHARD=I/N: every Nth fault only; RESULTS: a directory in which
results are kept, and gone on from."""
import heapq
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import zlib

import kernel
import sample
from commands import COMMANDS
from plan import Fault, Plan, Sites, errors, fault_of, text_of
from service import FAULTY, Client, Service
from settings import PLAIN, SETTINGS

MODES = ("once", "on")
KERNEL = "kernel-"   # before a command: the faults are made by strace(1)


def apart():
    """In a PID namespace and a network of its own, where all that runs is
    ours."""
    if os.getpid() == 1 or os.geteuid() != 0:
        return
    os.execvp("unshare", [
        "unshare", "--net", "--pid", "--fork", "--mount-proc", "--kill-child",
        "sh", "-c", 'ip link set lo up && exec "$@"', "sh", sys.executable,
        *sys.argv])


def kind_and_setting(name):
    """`user.upgrade` is an upgrade of a service of another user."""
    setting, _, kind = name.rpartition(".")
    return kind, SETTINGS[setting] if setting else PLAIN


class Bench:
    """A command under test, with the service that it needs."""

    def __init__(self, name, directory, sites):
        self.kernels = name.startswith(KERNEL)
        kind, setting = kind_and_setting(name.removeprefix(KERNEL))
        self.command = COMMANDS[kind]()
        self.plan = Plan(os.path.join(directory, "plan"))
        self.sites = sites
        self.service = Service(os.path.join(directory, "web"), self.plan,
                               self.command.options, setting)
        self.service.checked = self.command.checked and setting.checked
        self.tracer = kernel.Tracer(self.service, directory)
        self.client = Client(self.service)
        self.service.client = self.client
        self.alive = False

    def begin(self):
        self.service.begin()
        self.alive = True
        faults = self.command.after(self.service)
        if faults:
            raise SystemExit(f"faults: without fault: {faults}")

    def drop(self):
        self.client.asked.clear()
        if self.alive:
            self.service.end()
        self.alive = False

    def attempt(self, fault):
        """Whether the call was made, the calls of all, and what went wrong."""
        if self.command.kept and not self.alive:
            self.begin()
        for_long = fault is not None and fault.mode == "on"
        by_kernel = fault is not None and kernel.is_kernels(fault.site)

        def arm():
            if fault is None or by_kernel:
                self.plan.arm()
            else:
                self.plan.arm(self.sites.keys[fault.site], fault.nth,
                              fault.error, for_long)
            if by_kernel:
                self.tracer.arm(fault)

        def disarm():
            self.plan.disarm()
            self.tracer.detach()
        faults = self.command.run(self.service, arm, disarm, for_long,
                                  fault is None)
        fired = self.tracer.fired() if by_kernel else self.plan.fired()
        hits = self.plan.hits()
        if self.command.kept and not faults:
            faults = self.command.after(
                self.service, by_kernel and fault.site.endswith(":close"))
        if faults and fired and not by_kernel:
            faults.append("called by " + " < ".join(
                self.sites.lines(self.plan.trace())[:8]))
        if faults:
            self.drop()
        self.sites.learn(hits)
        return fired, {self.sites.names[k]: n for k, n in hits.items()}, faults


class Campaign:
    """All faults of a command: those near the front of everything first."""

    def __init__(self, name, bench, seed, shard, results):
        self.name, self.bench, self.seed = name, bench, seed
        self.shard, self.results = shard, results
        self.errors = errors()
        self.queue, self.queued, self.reached = [], set(), {}
        self.done = {"held": 0, "failed": 0, "gone": 0}
        self.known = {}

    def errors_of(self, site):
        if kernel.is_kernels(site):
            return kernel.errors_of(site, self.errors)
        call = site.split(":", 1)[1].split("@")[0]
        return self.errors.get(call, ["ENOMEM"])

    def push(self, site, nth):
        if site.startswith("other") or (site, nth) in self.queued:
            return
        self.queued.add((site, nth))
        for at, error in enumerate(self.errors_of(site)):
            for mode in MODES:
                fault = Fault(site, nth, error, mode)
                text = text_of(fault)
                chance = zlib.crc32(f"{self.seed} {text}".encode())
                if chance % self.shard[1] == self.shard[0]:
                    rank = nth - 1 + at + (mode == "on")
                    heapq.heappush(self.queue, (rank, chance, fault))

    def learn(self, hits):
        for site, number in hits.items():
            self.reached[site] = max(number, self.reached.get(site, 0))
            self.push(site, 1)

    def resume(self):
        """What was done before is not done again."""
        if self.results and os.path.exists(self.results):
            with open(self.results, encoding="utf-8") as file:
                for line in file:
                    entry = json.loads(line)
                    self.known[entry["fault"]] = entry

    def note(self, fault, fired, faults):
        entry = {"fault": text_of(fault), "fired": fired, "faults": faults}
        if self.results:
            with open(self.results, "a", encoding="utf-8") as file:
                file.write(json.dumps(entry) + "\n")
        return entry

    def count(self, fault, entry):
        how = ("failed" if entry["faults"] else "held" if entry["fired"]
               else "gone")
        self.done[how] += 1
        if how == "failed":
            print(f"# failed: campaign.py --replay {self.name} "
                  f"'{entry['fault']}': "
                  + "; ".join(entry["faults"])[:700].replace("\n", " "),
                  flush=True)
        if entry["fired"]:
            self.push(fault.site, fault.nth + 1)

    def survey(self):
        if self.bench.kernels:
            self.learn(kernel.survey(self.bench))
            return
        for _ in range(2):
            _, hits, faults = self.bench.attempt(None)
            if faults:
                raise SystemExit(f"faults: {self.name}: without fault: "
                                 f"{faults}")
            self.learn(hits)

    def run(self, most, seconds):
        self.resume()
        self.survey()
        calls = sum(self.reached.values())
        end = time.monotonic() + seconds
        made = 0
        while self.queue and made < most and time.monotonic() < end:
            _, _, fault = heapq.heappop(self.queue)
            entry = self.known.get(text_of(fault))
            if entry is None:
                fired, hits, faults = self.bench.attempt(fault)
                entry = self.note(fault, fired, faults)
                if not self.bench.kernels:
                    self.learn(hits)
                made += 1
            self.count(fault, entry)
        print(f"{self.name}: {calls} calls at {len(self.reached)} sites, "
              f"{self.done['held'] + self.done['failed']} faults, "
              f"{self.done['held']} held, {self.done['failed']} failed"
              + (f", {len(self.queue)} not tried" if self.queue else ""),
              flush=True)
        return self.done


def replay(name, text, directory, sites):
    bench = Bench(name, directory, sites)
    fault = fault_of(text)
    for _ in range(30):
        bench.attempt(None)
        if fault.site in sites.keys or kernel.is_kernels(fault.site):
            break
    fired, _, faults = bench.attempt(fault)
    print(f"fired {fired} times;", "; ".join(faults) or "every promise held")
    if faults:
        print(bench.service.tail(40))
    bench.drop()
    return 1 if faults else 0


def sample_of_day(directory, sites):
    def bench_of(name):
        place = os.path.join(directory, name)
        os.mkdir(place)
        os.chmod(place, 0o755)
        return Bench(name, place, sites)
    kept = [name for name, command in COMMANDS.items() if command().kept]
    return 1 if sample.run(bench_of, kept) else 0


def main():
    apart()
    sites = Sites(FAULTY)
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        if sys.argv[1:2] == ["--sample"]:
            return sample_of_day(directory, sites)
        if sys.argv[1:2] == ["--replay"]:
            return replay(sys.argv[2], sys.argv[3], directory, sites)
        seed = os.environ.get("SEED") or time.strftime("%Y%m%d")
        shard = [int(n) for n in os.environ.get("SHARD", "0/1").split("/")]
        seconds = float(os.environ.get("FAULTS_TIME") or 1e9)
        most = int(os.environ.get("FAULTS_N") or 10**9)
        folder = os.environ.get("RESULTS")
        total = {"held": 0, "failed": 0, "gone": 0}
        every = [*COMMANDS] + [
            f"{name}.{kind}" for name, setting in SETTINGS.items()
            for kind in setting.kinds]
        for name in sys.argv[1:] or [*every, *(KERNEL + n for n in COMMANDS)]:
            place = os.path.join(directory, name)
            os.mkdir(place)
            os.chmod(place, 0o755)
            bench = Bench(name, place, sites)
            results = folder and os.path.join(
                folder, f"{name}.{shard[0]}.{shard[1]}")
            campaign = Campaign(name, bench, seed, shard, results)
            try:
                done = campaign.run(most, seconds)
            finally:
                bench.drop()
            if folder:
                with open(os.path.join(folder, f"sites.{name}.{shard[0]}"),
                          "w", encoding="utf-8") as file:
                    file.writelines(
                        f"{site}\t{sites.keys.get(site, 0xf << 40):#x}\n"
                        for site in sorted(campaign.reached))
            for how in total:
                total[how] += done[how]
        print(f"SEED={seed}: {total['held']} passed, {total['failed']} failed")
        return 1 if total["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
