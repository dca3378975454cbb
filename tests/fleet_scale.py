#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A rollout over AGENTS real agents (2,000) against three real members of etcd.
The agents' supervisor is simulated: one process answers for all, and a rollout
on a host takes TOOK_MS.  Tells the time of the rollout, commits a second, and
the memory of agents and members."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

BUILD = os.path.abspath(os.environ.get("HOTSWAP_BUILD", "build"))
FLEET = os.path.join(BUILD, "bin", "hotswap-fleet")
AGENTS = int(os.environ.get("AGENTS", 2000))
AT_ONCE = int(os.environ.get("AT_ONCE", 100))
TOOK_MS = int(os.environ.get("TOOK_MS", 500))
PATIENCE = 300  # seconds

processes = []


def spawn(*command, **keywords):
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, **keywords)
    processes.append(process)
    return process


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Supervisor:
    """Answers Find, Upgrade and Status as one that promotes everything."""

    def __init__(self, path):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(4096)
        for _ in range(64):
            threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            peer, _ = self.listener.accept()
            try:
                self.answer(peer)
            except (OSError, ValueError):
                pass
            peer.close()

    @staticmethod
    def answer(peer):
        text = b""
        while not text.endswith(b"\0"):
            data = peer.recv(65536)
            if not data:
                return
            text += data
        method = json.loads(text[:-1])["method"].rsplit(".", 1)[1]
        if method == "Upgrade":
            time.sleep(TOOK_MS / 1000)
        reply = {"Find": {"state": "unknown"},
                 "Upgrade": {"outcome": {"result": "promoted", "from": 1,
                                         "to": 2, "serves": 2, "reason": ""}},
                 "Status": {"status": {"active": 1}}}[method]
        peer.sendall(json.dumps({"parameters": reply}).encode() + b"\0")


def members():
    ports = [(free_port(), free_port()) for _ in range(3)]
    cluster = ",".join(f"m{i}=http://127.0.0.1:{peer}"
                       for i, (_, peer) in enumerate(ports))
    found = []
    for i, (client, peer) in enumerate(ports):
        url, peer_url = (f"http://127.0.0.1:{p}" for p in (client, peer))
        with open(f"m{i}.out", "w", encoding="utf-8") as out:
            found.append(spawn(
                "etcd", "--name", f"m{i}", "--data-dir", f"m{i}",
                "--log-level", "error", "--listen-client-urls", url,
                "--advertise-client-urls", url, "--listen-peer-urls",
                peer_url, "--initial-advertise-peer-urls", peer_url,
                "--initial-cluster", cluster, stdout=out, stderr=out))
    return found, [f"http://127.0.0.1:{client}" for client, _ in ports]


def configure(endpoints, host):
    path = os.path.abspath(f"{host}.conf")
    with open(path, "w", encoding="utf-8") as f:
        json.dump({"engine": "etcd", "endpoints": endpoints, "host": host,
                   "lease": 60}, f)
    os.chmod(path, 0o600)
    return path


def agent(endpoints, number, program):
    host = f"h{number:05}"
    environment = {**os.environ,
                   "HOTSWAP_FLEET_CONF": configure(endpoints, host),
                   "HOTSWAP_STATE_DIR": os.path.abspath(f"state/{host}")}
    return spawn(FLEET, "agent", "web", "--exe", program, "--release", "v1",
                 env=environment, stdout=subprocess.DEVNULL,
                 stderr=subprocess.DEVNULL)


def status():
    done = subprocess.run([FLEET, "status", "web", "--json"], check=False,
                          capture_output=True)
    return json.loads(done.stdout) if done.returncode == 0 else {"hosts": []}


def until(condition, what):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"fleet-scale: never: {what}")
        time.sleep(1)


def memory_kib(found):
    total = 0
    for process in found:
        with open(f"/proc/{process.pid}/smaps_rollup", encoding="ascii") as f:
            total += next(int(line.split()[1]) for line in f
                          if line.startswith("Pss:"))
    return total


def revision(endpoints):
    done = subprocess.run(
        ["etcdctl", "--endpoints", endpoints[0], "endpoint", "status",
         "--write-out", "json"], check=True, capture_output=True,
        env={**os.environ, "ETCDCTL_API": "3"})
    return json.loads(done.stdout)[0]["Status"]["header"]["revision"]


def prepare():
    """A program for each release, which nobody runs."""
    for release in ("v1", "v2"):
        os.makedirs(f"releases/{release}")
        shutil.copy("/bin/true", f"releases/{release}/server")
    os.makedirs("run", mode=0o700)
    os.makedirs("state")
    os.environ["HOTSWAP_RUNTIME_DIR"] = os.path.abspath("run")
    Supervisor("run/web.sock")


def roll_out(endpoints):
    before, began = revision(endpoints), time.monotonic()
    done = subprocess.run(
        [FLEET, "upgrade", "web", "v2", "--first", "1", "--at-once",
         str(AT_ONCE), "--json", "--timeout", "20m"], check=False,
        capture_output=True)
    seconds = time.monotonic() - began
    outcome = json.loads(done.stdout)
    commits = revision(endpoints) - before
    ideal = AGENTS / AT_ONCE * TOOK_MS / 1000
    print(f"status {done.returncode}, {outcome['promoted']} of "
          f"{outcome['hosts']} promoted in {seconds:.1f} s (without any cost "
          f"of the fleet {ideal:.1f} s): {commits} commits, "
          f"{commits / seconds:.0f} a second", flush=True)
    return done.returncode == 0 and outcome["promoted"] == AGENTS


def run():
    prepare()
    stores, endpoints = members()
    os.environ["HOTSWAP_FLEET_CONF"] = configure(endpoints, "ci")
    until(lambda: subprocess.run([FLEET, "status", "web"], check=False,
                                 capture_output=True).returncode == 0,
          "a quorum")
    print(f"members before: {memory_kib(stores)} KiB", flush=True)
    program = os.path.abspath("releases") + "/{release}/server"
    began = time.monotonic()
    agents = []
    for number in range(AGENTS):
        agents.append(agent(endpoints, number, program))
        if number % 50 == 49:  # two cores start no more at once
            time.sleep(0.5)
    until(lambda: sum(host["alive"] for host in status()["hosts"]) == AGENTS,
          "all agents")
    print(f"{AGENTS} agents after {time.monotonic() - began:.0f} s: "
          f"{memory_kib(agents) / AGENTS:.0f} KiB each, members "
          f"{memory_kib(stores)} KiB", flush=True)
    good = roll_out(endpoints)
    print(f"members afterwards: {memory_kib(stores)} KiB")
    return 0 if good else 1


def main():
    directory = tempfile.mkdtemp(prefix="hotswap-fleet.")
    os.chdir(directory)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        return run()
    finally:
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()
        os.chdir("/")
        shutil.rmtree(directory)


if __name__ == "__main__":
    sys.exit(main())
