#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Kill agents, drivers and supervisors of a fleet while it rolls releases out
under load: at each commit in turn, before it reaches the store and after the
store has done it, until a rollout has no n-th commit; and then at random
moments, and at the n-th message to the store or from it.
Never more than two hosts may be at work, no host may do one attempt twice, no
request may fail, and whoever resumes must get the status that is true.
usage: fleet_kills.py [KILLS] [RATE]"""
import base64
import json
import os
import random
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

import figures
from kills import BUILD, HOTSWAP, free_port, release

AT_ONCE = 2
MESSAGES = 40  # a process is killed at one of its first so many
PATIENCE = 60  # seconds for a rollout
TURNS = 100    # kills at each commit in turn, in runs that are so long


def strace(when):
    """A prefix: the command dies as it sends a message to the store, or before
    it reads an answer."""
    call = random.choice(["sendto", "recvfrom"])
    return ["strace", "-D", "-qq", "-o", "/dev/null", "-e", f"trace={call}",
            "-e", f"inject={call}:signal=KILL:when={when}"]


class Gate:
    """The way of a process to the store.  At the n-th commit since it was armed
    it strikes: before the commit is passed on, or when the store has answered
    and the answer is not passed on."""

    def __init__(self, store):
        self.store, self.left, self.lock = store, 0, threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def arm(self, n, side, strike):
        with self.lock:
            self.left, self.side, self.strike = n, side, strike

    def disarm(self):
        """True if it has struck."""
        with self.lock:
            left, self.left = self.left, 0
        return left == 0

    def is_due(self, data):
        with self.lock:
            if self.left == 0 or b"/v3/kv/txn" not in data:
                return False
            self.left -= 1
            return self.left == 0

    def accept(self):
        while True:
            client = self.listener.accept()[0]
            threading.Thread(target=self.carry, args=(client,),
                             daemon=True).start()

    def carry(self, client):
        try:
            with client, socket.create_connection(
                    ("127.0.0.1", self.store)) as server:
                self.pass_on(client, server)
        except OSError:
            pass

    def pass_on(self, client, server):
        due = False
        while True:
            for sock in select.select([client, server], [], [])[0]:
                data = sock.recv(65536)
                if sock is client:
                    due = due or self.is_due(data)
                if due and (sock is server or self.side == "before"):
                    self.strike()
                    return
                if not data:
                    return
                (server if sock is client else client).sendall(data)


class Host:
    """A host: directories, a supervisor, an agent, and load on its service."""

    def __init__(self, campaign, name, rate):
        self.campaign, self.name = campaign, name
        self.directory = os.path.join(campaign.directory, name)
        os.mkdir(self.directory)
        self.port = free_port()
        self.env = dict(
            os.environ, HOTSWAP_RUNTIME_DIR=os.path.join(self.directory, "run"),
            HOTSWAP_STATE_DIR=os.path.join(self.directory, "state"),
            HOTSWAP_FLEET_CONF=campaign.conf(name))
        self.deploy("v1", "v1")
        self.keeper = self.popen(
            [HOTSWAP, "run", "-n", "web", "-l", f"127.0.0.1:{self.port}",
             "--bake", "150ms", "--keep", "2s", "--drain-timeout", "2s", "--",
             self.program("v1")])
        while self.run("wait", "web", "--for", "ready", "--timeout",
                       "10s").returncode != 0:
            time.sleep(0.02)
        self.agent = self.load = None
        self.begin_agent([])
        self.control = os.path.join(self.directory, "steer")
        self.load = subprocess.Popen(
            [os.path.join(BUILD, "load"), "--control", self.control, "--rate",
             str(rate), "--kept", "2", f"127.0.0.1:{self.port}"],
            stdout=subprocess.PIPE, text=True)

    def program(self, version):
        return os.path.join(self.directory, version, "server")

    def deploy(self, version, text):
        os.makedirs(os.path.dirname(self.program(version)), exist_ok=True)
        release(self.program(version), text)

    def popen(self, command):
        return subprocess.Popen(command, env=self.env, cwd=self.directory,
                                stdout=self.campaign.log,
                                stderr=self.campaign.log)

    def run(self, *arguments):
        return subprocess.run([HOTSWAP, *arguments], env=self.env, check=False,
                              capture_output=True, text=True)

    def begin_agent(self, prefix):
        self.agent = self.popen(
            [*prefix, HOTSWAP, "fleet", "agent", "web", "--exe",
             self.program("{release}"), "--release", "v1"])

    def serves(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/",
                                    timeout=5) as answer:
            return answer.headers["X-Version"]

    def kill_supervisor(self):
        status = self.run("status", "web", "--json")
        if status.returncode == 0:
            os.kill(json.loads(status.stdout)["supervisor"], signal.SIGKILL)

    def ids(self):
        """The id of each rollout that the supervisor has carried out."""
        said = self.run("history", "web", "--json").stdout
        return [json.loads(line)["id"] for line in said.splitlines()]


class Campaign:
    """A store, three hosts, and what has happened to them."""

    def __init__(self, directory, rate):
        self.directory = directory
        self.log = open(os.path.join(directory, "log"), "ab")
        self.faults, self.most, self.samples = [], 0, 0
        self.kills = {"agent": 0, "driver": 0, "supervisor": 0}
        self.rollouts = self.resumed = self.bad = 0
        self.version = "v1"
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.gates = {name: Gate(port) for name in ("ci", "h1")}
        self.points = []
        peer = f"http://127.0.0.1:{free_port()}"
        self.hosts, self.over = [], False
        self.store = subprocess.Popen(
            ["etcd", "--data-dir", os.path.join(directory, "etcd"),
             "--listen-client-urls", self.url, "--advertise-client-urls",
             self.url, "--listen-peer-urls", peer,
             "--initial-advertise-peer-urls", peer, "--initial-cluster",
             f"default={peer}", "--logger", "zap", "--log-level", "error"],
            stdout=self.log, stderr=self.log)
        self.env = dict(os.environ, HOTSWAP_FLEET_CONF=self.conf("ci"))
        while self.fleet("status", "web").returncode != 0:
            time.sleep(0.05)
        for name in ("h1", "h2", "h3"):
            self.hosts.append(Host(self, name, rate))
        self.until(lambda: [h["alive"] for h in self.status()["hosts"]] ==
                   [True] * 3)
        self.sampler = threading.Thread(target=self.sample)
        self.sampler.start()

    def conf(self, host):
        path = os.path.join(self.directory, host + ".conf")
        with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w",
                  encoding="ascii") as file:
            url = self.gates[host].url if host in self.gates else self.url
            json.dump({"engine": "etcd", "endpoints": [url],
                       "host": host, "lease": 5}, file)
        return path

    def until(self, condition):
        end = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > end:
                raise SystemExit("never came true")
            time.sleep(0.02)

    def fleet(self, *arguments):
        return subprocess.run([HOTSWAP, "fleet", *arguments], env=self.env,
                              check=False, capture_output=True, text=True,
                              timeout=PATIENCE)

    def status(self):
        return json.loads(self.fleet("status", "web", "--json").stdout)

    def at_work(self):
        """How many hosts have a slot, as of one moment."""
        key, end = (base64.b64encode(b"/hotswap/web/hosts" + c).decode()
                    for c in (b"/", b"0"))
        ask = urllib.request.Request(
            self.url + "/v3/kv/range",
            json.dumps({"key": key, "range_end": end}).encode())
        with urllib.request.urlopen(ask, timeout=5) as answer:
            found = json.load(answer).get("kvs", [])
        steps = [json.loads(base64.b64decode(kv["value"]))["step"]
                 for kv in found]
        return sum(step in ("granted", "claimed") for step in steps)

    def sample(self):
        while not self.over:
            try:
                self.most = max(self.most, self.at_work())
                self.samples += 1
            except OSError:
                pass
            time.sleep(0.01)

    def drive(self, command, prefix):
        return subprocess.Popen(
            [*prefix, HOTSWAP, "fleet", *command, "--json"], env=self.env,
            stdout=subprocess.PIPE, stderr=self.log, text=True)

    def kill_one(self, driver):
        """Kill somebody, after a while."""
        time.sleep(random.uniform(0, 0.4))
        host = random.choice(self.hosts)
        what = random.choice(list(self.kills))
        if what == "driver" and driver.poll() is None:
            driver.kill()
        elif what == "supervisor":
            self.kills["supervisor"] += 1
            host.kill_supervisor()
        elif what == "agent":
            host.agent.kill()

    def arm(self, point, driver):
        """Have somebody killed at a commit: the driver at one of its own, the
        agent and the supervisor of h1 at one of that agent's."""
        who, side, n = point
        host = self.hosts[0]

        def strike():
            if who == "driver":
                driver().kill()
            elif who == "agent":
                host.agent.kill()
            else:
                self.kills["supervisor"] += 1
                host.kill_supervisor()

        self.gates["ci" if who == "driver" else "h1"].arm(n, side, strike)

    def disarm(self):
        return all([gate.disarm() for gate in self.gates.values()])

    def revive(self):
        """What a unit does: an agent that has died is started again."""
        for host in self.hosts:
            if host.agent.poll() is None:
                continue
            self.kills["agent"] += 1
            host.begin_agent(strace(random.randint(5, MESSAGES))
                             if self.at_random and random.random() < 0.5
                             else [])

    def end_of(self, driver):
        """Its exit status and outcome; it may be killed meanwhile."""
        end = time.monotonic() + PATIENCE
        while driver.poll() is None and time.monotonic() < end:
            self.revive()
            time.sleep(0.02)
        said = driver.communicate(timeout=1)[0]
        return driver.returncode, json.loads(said) if said else None

    def check(self, code, outcome, version):
        """What was said is what is so."""
        serving = [host.serves() for host in self.hosts]
        new = serving.count(version)
        if code not in (0, 1) or (code == 0) != (new == len(serving)):
            self.faults.append(f"status {code} of {version}: {serving}")
        elif outcome["promoted"] != new:
            self.faults.append(f"told: {outcome}; served: {serving}")

    def begin_driver(self, command, point):
        """At random it dies at one of its messages, and others at any time."""
        self.at_random = point is None
        if self.at_random:
            return self.drive(command, strace(random.randint(1, MESSAGES))
                              if random.random() < 0.4 else [])
        begun = []
        self.arm(point, lambda: (self.until(lambda: begun), begun[0])[1])
        begun.append(self.drive(command, []))
        return begun[0]

    def rollout(self, bad, point=None):
        """One rollout; true if somebody was killed at the point."""
        self.rollouts += 1
        version = f"r{self.rollouts}"
        self.bad += bad
        for host in self.hosts:
            host.deploy(version, version + (" --exit 3" if bad else ""))
        before = [host.serves() for host in self.hosts]
        upgrade = ["upgrade", "web", version, "--first", "0", "--at-once",
                   str(AT_ONCE)]
        driver = self.begin_driver(upgrade, point)
        if point is None:
            self.kill_one(driver)
        code, outcome = self.end_of(driver)
        struck = self.disarm()
        tries = 0
        while code == -signal.SIGKILL or (code == 1 and not bad):
            self.kills["driver"] += code == -signal.SIGKILL
            self.resumed += 1
            if code == 1:
                self.check(code, outcome, version)
            tries += 1
            if tries > 8:
                raise SystemExit(f"{version} comes to no end: {outcome}")
            began = self.status()["rollout"]["release"] == version
            driver = self.drive(["resume", "web"] if began else upgrade, [])
            code, outcome = self.end_of(driver)
        self.check(code, outcome, version)
        if bad and [host.serves() for host in self.hosts] != before:
            self.faults.append(f"{version} is bad and serves")
        return struck

    def at_each_commit(self):
        """Every commit of driver and agent, from both sides of the store."""
        for bad in (False, True):
            for who in self.kills:
                for side in ("before", "after"):
                    n = 1
                    while not self.faults and \
                            self.rollout(bad, (who, side, n)):
                        n += 1
                    self.points.append(n - 1)

    def end(self):
        for host in self.hosts:
            with open(host.control, "w", encoding="ascii") as control:
                control.write("stop\n")
            report = json.loads(host.load.communicate()[0])
            self.requests = getattr(self, "requests", 0) + report["requests"]
            if report["failures"]:
                self.faults.append(f"failed: {json.dumps(report)[:600]}")
            ids = host.ids()
            if len(ids) != len(set(ids)):
                self.faults.append(f"{host.name} has done one twice: {ids}")
        if self.most > AT_ONCE:
            self.faults.append(f"{self.most} hosts at work at once")
        told = [f"{sum(self.kills.values())} kills",
                f"{self.requests} requests", f"{self.rollouts} rollouts",
                f"{self.bad} of bad releases", f"{self.resumed} resumed",
                f"{sum(self.points)} commits in turn, {self.points} of each "
                "kind",
                ", ".join(f"{n} kills of {who}" for who, n in
                          self.kills.items()),
                f"at most {self.most} hosts at work in {self.samples} samples"]
        print("; ".join(told))
        figures.note(*told)

    def tidy(self):
        self.over = True
        for host in self.hosts:
            for child in (host.agent, host.load):
                if child is not None and child.poll() is None:
                    child.kill()
            host.run("stop", "web", "--now")
            host.keeper.poll() is None and host.keeper.kill()
        self.store.kill()


def main():
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    rate = int(sys.argv[2]) if len(sys.argv) > 2 else 50
    seed = int(os.environ.get("SEED", random.randrange(1 << 30)))
    random.seed(seed)
    with tempfile.TemporaryDirectory() as directory:
        campaign = Campaign(directory, rate)
        faults = campaign.faults
        end = time.monotonic() + int(os.environ.get("LIMIT", "1200"))
        try:
            if kills >= TURNS:
                campaign.at_each_commit()
            while sum(campaign.kills.values()) < kills and not faults and \
                    time.monotonic() < end:
                campaign.rollout(random.random() < 0.2)
            campaign.end()
        except BaseException as fault:
            faults.append(repr(fault))
            raise
        finally:
            campaign.tidy()
            for fault in faults:
                print(f"fleet_kills: SEED={seed}: {fault}")
            if faults:
                with open(os.path.join(directory, "log"), encoding="utf-8",
                          errors="replace") as log:
                    print(*log.readlines()[-60:], sep="")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
