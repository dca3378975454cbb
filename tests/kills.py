#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Kill the supervisor again and again, at random instants, while upgrades and
rollbacks go on under load: no request may fail, it must be back at once, and
every rollout must end as the rule says.  After LIMIT seconds no other is
begun.  usage: kills.py [KILLS] [RATE]
With HOLDER=systemd what outlives it is held by tests/manager.py, not by its
keeper."""
import json
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

import figures

BUILD = os.path.abspath(os.environ.get("HOTSWAP_BUILD", "build"))
HOTSWAP = os.path.join(BUILD, "bin", "hotswap")
HOLDER = [sys.executable, os.path.join(os.path.dirname(os.path.abspath(
    __file__)), "manager.py"), "--store", "200", "--"] if os.environ.get(
        "HOLDER") == "systemd" else []
BACK_MS = int(os.environ.get("BACK_MS", "0"))  # claimed; 0: only told
REPLAY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "model",
                      "replay.sh")
CALM = 0.3  # seconds between kills, at the longest


def keep_events(directory):
    """Services have their files below this directory, and keep their events."""
    os.environ.update(HOTSWAP_RUNTIME_DIR=os.path.join(directory, "run"),
                      HOTSWAP_STATE_DIR=os.path.join(directory, "state"),
                      HOTSWAP_KEEP_EVENTS="1")


def hold_events(directory):
    """What the model does not allow of the events of the services there."""
    done = subprocess.run([REPLAY, directory], capture_output=True,
                          check=False, text=True,
                          env=dict(os.environ, HOTSWAP_BUILD=BUILD))
    return [] if done.returncode == 0 else [done.stderr]


def release(path, version):
    """A server of this version at path, put there as a deployment does."""
    shutil.copy(os.path.join(BUILD, "fixtures", "server"), path + ".new")
    with open(path + ".new", "ab") as file:
        file.write(b"\nversion=%s\n" % version.encode())
    os.rename(path + ".new", path)


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def ask(*arguments):
    """What a command prints as JSON, None while nobody answers."""
    done = subprocess.run([HOTSWAP, *arguments], capture_output=True,
                          check=False, text=True)
    return json.loads(done.stdout) if done.returncode == 0 else None


def status(deadline=10):
    end = time.monotonic() + deadline
    while time.monotonic() < end:
        answer = ask("status", "web", "--json")
        if answer is not None:
            return answer
    raise SystemExit("kills: nobody answers any more")


def connects(path):
    """Does the control socket answer a call?"""
    call = b'{"method":"org.varlink.service.GetInfo"}\0'
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(10)
        sock.connect(path)
        sock.sendall(call)
        return sock.recv(1) != b""


class Campaign:
    """One service, its load, and what has happened to both."""

    def __init__(self, directory, rate):
        self.directory = directory
        self.server = os.path.join(directory, "server")
        self.version = 1
        self.back_ms = []
        self.actions = 0
        self.port = free_port()
        release(self.server, "v1")
        self.log = open(os.path.join(directory, "log"), "ab")
        self.keeper = subprocess.Popen(
            [*HOLDER, HOTSWAP, "run", "-n", "web", "-l", f"127.0.0.1:{self.port}",
             "--bake", "150ms", "--keep", "2s", "--drain-timeout", "2s",
             "--", self.server], stdout=self.log, stderr=self.log,
            cwd=directory)
        # There may be no supervisor to ask yet.
        while subprocess.run([HOTSWAP, "wait", "web", "--for", "ready",
                              "--timeout", "10s"], check=False,
                             stderr=self.log).returncode != 0:
            time.sleep(0.02)
        self.control = os.path.join(directory, "steer")
        self.load = subprocess.Popen(
            [os.path.join(BUILD, "load"), "--control", self.control,
             "--rate", str(rate), "--kept", "8", f"127.0.0.1:{self.port}"],
            stdout=subprocess.PIPE, text=True)

    def act(self):
        """Begin a rollout; it is no matter whether it may."""
        what = random.choice(["upgrade", "upgrade", "canary", "rollback",
                              "abort"])
        command = {"upgrade": ["upgrade", "web", "--no-wait"],
                   "canary": ["upgrade", "web", "--no-wait", "--canary",
                              "10,50", "--step-time", "100ms"],
                   "rollback": ["rollback", "web", "--no-wait"],
                   "abort": ["abort", "web"]}[what]
        if what in ("upgrade", "canary"):
            self.version += 1
            release(self.server, f"v{self.version}")
        self.actions += 1
        return subprocess.Popen([HOTSWAP, *command], stdout=self.log,
                                stderr=self.log)

    def kill(self):
        pid = status()["supervisor"]
        acting = self.act()
        time.sleep(random.uniform(0, CALM))
        os.kill(pid, signal.SIGKILL)
        began = time.monotonic()
        path = os.path.join(os.environ["HOTSWAP_RUNTIME_DIR"], "web.sock")
        while True:
            try:
                if connects(path):
                    break
            except OSError:
                pass
            time.sleep(0.001)
        self.back_ms.append((time.monotonic() - began) * 1000)
        acting.wait()

    def end(self):
        """Whether all is as it must be, having said what is not."""
        faults = []
        subprocess.run([HOTSWAP, "wait", "web", "--for", "drained",
                        "--timeout", "20s"], check=False)
        now = status()
        living = [g for g in now["generations"] if g["pid"]]
        if [g["share"] for g in living if g["role"] == "active"] != [100]:
            faults.append(f"shares: {living}")
        if not HOLDER and now["pid"] != self.keeper.pid:
            faults.append("the PID has changed")
        running = {pid for g in living for pid in g["pids"]}
        found = set(map(int, subprocess.run(
            ["pgrep", "-f", "^" + self.server], capture_output=True,
            check=False, text=True).stdout.split()))
        if found != running:
            faults.append(f"processes: {found} run, {running} are known")
        with open(self.control, "w", encoding="ascii") as control:
            control.write("stop\n")
        report = json.loads(self.load.communicate()[0])
        if report["failures"]:
            faults.append(f"failed requests: {json.dumps(report)[:600]}")
        subprocess.run([HOTSWAP, "stop", "web", "--now"], check=False,
                       stderr=self.log)
        if self.keeper.wait() != 0:
            faults.append(f"the keeper ended with {self.keeper.returncode}")
        told = [f"{len(self.back_ms)} kills", f"{report['requests']} requests",
                f"{report['failures']} failed",
                f"back after {statistics.median(self.back_ms):.0f} ms (median)"
                f", {max(self.back_ms):.0f} ms at the most",
                f"{self.actions} commands"]
        print("; ".join(told))
        figures.note(*told)
        if BACK_MS and statistics.median(self.back_ms) > BACK_MS:
            faults.append("it takes too long to be back")
        return faults + hold_events(self.directory)


def main():
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    rate = int(sys.argv[2]) if len(sys.argv) > 2 else 2000
    seed = int(os.environ.get("SEED", random.randrange(1 << 30)))
    random.seed(seed)
    with tempfile.TemporaryDirectory() as directory:
        keep_events(directory)
        campaign = Campaign(directory, rate)
        faults = ["stopped half-way"]
        try:
            end = time.monotonic() + int(os.environ.get("LIMIT", "1200"))
            while len(campaign.back_ms) < kills and time.monotonic() < end:
                campaign.kill()
            faults = campaign.end()
        finally:
            for fault in faults:
                print(f"kills: SEED={seed}: {fault}")
            if faults:
                with open(os.path.join(directory, "log"),
                          encoding="utf-8") as log:
                    print(*log.readlines()[-60:], sep="")
            for child in (campaign.keeper, campaign.load):
                child.poll() is None and child.kill()
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
