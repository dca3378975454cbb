#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Kill the supervisor in each state of a rollout and of a generation that
leaves, under load, for each kind of program and listener: the rollout must
end as the rule says (finished if the candidate had all the traffic, else
taken back), with exactly the expected processes, shares and history.
usage: states.py [KIND...]"""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import figures
from kills import (BUILD, HOTSWAP, ask, free_port, hold_events, keep_events,
                   release, status)

RATE = os.environ.get("RATE", "300")

# How each kind of service begins; {port} and {dir} are replaced.
SERVER = ["{dir}/server"]
BINDS = ["{dir}/server", "--bind", "127.0.0.1:{port}"]
NGINX = ["/usr/sbin/nginx", "-p", "{dir}", "-e", "stderr", "-c", "nginx.conf"]
TCP = "127.0.0.1:{port}"
KINDS = {
    "passed": (TCP, ["-l", TCP], SERVER),
    "seccomp": (TCP, ["--shim", "seccomp"], BINDS),
    "preload": (TCP, ["--shim", "preload"], BINDS),
    "nginx": (TCP, ["--stop-signal", "QUIT"], NGINX),
    "ipv6": ("[::1]:{port}", ["-l", "[::1]:{port}"], SERVER),
    "udp": ("udp:" + TCP, ["-l", "udp:" + TCP], SERVER),
    "unix": ("{dir}/sock", ["-l", "{dir}/sock"], SERVER),
    "abstract": ("@{dir}", ["-l", "@{dir}"], SERVER),
    "exclusive": (TCP, ["-l", TCP, "--strategy", "exclusive"],
                  SERVER + ["--lock", "{dir}/lock"]),
}
UNSHARED = ("unix", "abstract", "exclusive")
NGINX_CONF = """daemon off; pid nginx.pid; worker_processes 2;
error_log stderr; events {{}} http {{ access_log off;
client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp;
uwsgi_temp_path tmp; scgi_temp_path tmp;
server {{ listen 127.0.0.1:{port};
location / {{ add_header X-Version {version}; return 200 "{version}\\n"; }} }} }}
"""

# State: what holds a rollout there (a file, or options), how it must end.
STATES = {
    "resolving": ("slow", [], "aborted"),
    "starting": ("unready.{next}", [], "aborted"),
    "checking": ("sick.{next}", [], "aborted"),
    "shifting": (None, ["--canary", "30", "--step-time", "60s"],
                 "rolled-back"),
    "baking": (None, ["--bake", "1h"], "promoted"),
    "stopping": ("connection", [], "aborted"),
    "restoring": ("sick.{next} unready.{active}", [], "aborted"),
}


def until(what, condition, deadline=100):
    end = time.monotonic() + deadline
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"never came true: {what}")
        time.sleep(0.01)


class Service:
    def __init__(self, kind, directory):
        self.kind, self.dir = kind, directory
        self.port, self.version = free_port(), 0
        self.held = None
        address, options, program = KINDS[kind]
        self.address = self.fill(address)
        os.mkdir(os.path.join(directory, "tmp"))
        self.deploy()
        self.log = open(os.path.join(directory, "log"), "ab")
        gate = f"test ! -e {directory}"
        self.keeper = subprocess.Popen(
            [HOTSWAP, "run", "-n", "web", *map(self.fill, options),
             "--ready", f"exec:{gate}/unready.{{generation}}",
             "--health", f"exec:{gate}/sick.{{generation}}",
             "--check", f"until {gate}/slow; do sleep 0.05; done",
             "--health-interval", "50ms", "--health-failures", "1000000",
             "--bake", "100ms", "--keep", "1m", "--drain-timeout", "100s",
             "--start-timeout", "100s",
             "--", *map(self.fill, program)], cwd=directory,
            stdout=self.log, stderr=self.log)
        until("it serves", lambda: (ask("status", "web", "--json") or {}).get(
            "active"))
        load = os.path.join(BUILD, "load")
        # Its --ready does not say that it listens yet.
        until("it answers", lambda: subprocess.run(
            [load, "--rate", "100", "--count", "1", self.address],
            stdout=subprocess.DEVNULL, check=False).returncode == 0)
        self.control = os.path.join(directory, "steer")
        self.load = subprocess.Popen(
            [load, "--control", self.control, "--rate",
             RATE, self.address], stdout=subprocess.PIPE, text=True)

    def fill(self, text):
        return text.format(port=self.port, dir=self.dir)

    def file(self, name):
        return os.path.join(self.dir, name)

    def deploy(self):
        self.version += 1
        release(self.file("server"), f"v{self.version}")
        with open(self.file("nginx.conf"), "w", encoding="ascii") as file:
            file.write(NGINX_CONF.format(port=self.port,
                                         version=f"v{self.version}"))

    def say(self, line):
        """To the load: a crash costs what its server was just answering."""
        with open(self.control, "w", encoding="ascii") as control:
            control.write(line + "\n")

    def expect_crash(self):
        """Once the load knows of it, and what it asked before is answered."""
        report = self.file("report")
        self.say("phase crash")
        self.say(f"report {report}")
        until("the load knows", lambda: os.path.exists(report))
        os.unlink(report)
        time.sleep(0.2)

    def command(self, *arguments):
        done = subprocess.run([HOTSWAP, *arguments], stdout=self.log,
                              stderr=self.log, check=False)
        return done.returncode

    def history(self):
        done = subprocess.run([HOTSWAP, "history", "web", "--json"],
                              capture_output=True, check=True, text=True)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def hold(self, gates):
        """Whatever keeps things in a state, and what takes that away."""
        files = [self.file(gate) for gate in gates if gate != "connection"]
        for file in files:
            with open(file, "w", encoding="ascii"):
                pass
        if "connection" in gates:
            self.held = socket.create_connection(("127.0.0.1", self.port))
            time.sleep(0.1)

        def let_go():
            for file in files:
                os.unlink(file)
            if self.held is not None:
                self.held.close()
                self.held = None
        return let_go

    def kill(self, *victims):
        before = status()["supervisor"]
        for pid in (before, *victims):
            os.kill(pid, signal.SIGKILL)
        until("another supervisor", lambda: (ask("status", "web", "--json")
              or {}).get("supervisor", before) != before)
        until("it knows who was killed", lambda: not [
            g for g in status()["generations"] if g["pid"] in victims])

    def settle(self):
        """All is as it must be once nothing is under way any more."""
        self.command("wait", "web", "--for", "idle", "--timeout", "100s")
        until("candidates have ended", lambda: not [
            g for g in status()["generations"]
            if g["role"] in ("failed", "draining", "candidate") and g["pid"]])
        now = status()
        living = [g for g in now["generations"] if g["pid"]]
        shares = {g["role"]: g["share"] for g in living}
        assert shares.pop("active") == 100 and not any(shares.values()), now
        # A server that was just started has not started its own yet.
        until("no process but those that are known", lambda:
              self.processes() == sorted(pid for g in status()["generations"]
                                         if g["pid"] for pid in g["pids"]))
        return now

    def processes(self):
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                exe = os.readlink(f"/proc/{pid}/exe")
                # A program that was mounted at its path has no path once
                # another file is there.
                if exe == "/":
                    exe = os.readlink(f"/proc/{pid}/cwd") + "/"
                if os.readlink(f"/proc/{pid}/cwd") == self.dir and (
                        exe.startswith(self.dir) or "nginx" in exe):
                    found.append(int(pid))
            except OSError:
                pass
        return sorted(found)

    def rollout(self, state, crash=False):
        """Kill it in this state of a rollout; with crash, a program too."""
        gates, options, result = STATES[state]
        if crash and state == "baking":
            result = "rolled-back"  # the crash ends the bake
        before, aborting = status(), None
        told = len(self.history())
        active = before["active"]
        let_go = self.hold([
            gate.format(next=max(g["number"] for g in before["generations"])
                        + 1, active=active)
            for gate in (gates or "").split()])
        self.deploy()
        assert self.command("upgrade", "web", "--no-wait", *options) == 0
        if state == "restoring":
            until("checking", lambda:
                  status()["rollout"]["state"] == "checking")
            # It waits until the old one is there again.
            aborting = subprocess.Popen([HOTSWAP, "abort", "web"],
                                        stdout=self.log, stderr=self.log)
        until(state, lambda: status()["rollout"]["state"] == state)
        now = status()
        main = {g["number"]: g["pid"] for g in now["generations"]}
        victims = []
        if crash:
            victims = [main[now["rollout"]["to"] if state == "baking"
                            else active]]
            self.expect_crash()
        self.kill(*victims)
        let_go()
        if result == "promoted":
            assert status()["rollout"]["state"] == "baking", status()
            assert self.command("promote", "web") == 0
        now = self.settle()
        if aborting:
            aborting.wait()
        self.say("phase calm")
        entries = self.history()
        assert len(entries) == told + 1, entries[told:]
        assert entries[-1]["result"] == result, entries[-1]
        assert entries[-1]["from"] == active, entries[-1]
        assert now["active"] == (entries[-1]["to"] if result == "promoted"
                                 else active), now

    def leave(self, crash=False):
        """Kill it while a generation is parked, drains and is stopped."""
        self.deploy()
        assert self.command("upgrade", "web", "--bake", "100ms") == 0
        now = status()
        old = [g for g in now["generations"] if g["role"] == "parked"][0]
        self.kill()
        now = self.settle()
        assert [g["pid"] for g in now["generations"]
                if g["number"] == old["number"]] == [old["pid"]], now
        new = now["active"]
        let_go = self.hold(["connection"] if "127" in self.address and
                           "udp" not in self.address else [])
        assert self.command("rollback", "web", "--no-wait") == 0
        until("it drains", lambda: [g for g in status()["generations"] if
              g["number"] == new and g["role"] in ("draining", "retired")])
        self.kill()
        let_go()
        now = self.settle()
        assert now["active"] == old["number"], now
        assert [g["role"] for g in now["generations"]
                if g["number"] == new] == ["retired"], now
        assert self.history()[-1]["result"] == "rolled-back"

    def end(self):
        self.say("stop")
        report = json.loads(self.load.communicate()[0])
        lost = ("timed_out",) if "udp" in self.address else (
            "reset", "truncated")
        crashed = report["phases"].get("crash", {})
        assert report["requests"] and report["failures"] == sum(
            crashed.get(how, 0) for how in lost), report
        assert self.command("stop", "web", "--now") == 0
        assert self.keeper.wait() == 0
        assert not self.processes()
        return report["requests"]


def states_of(kind):
    for state in STATES:
        if (state == "shifting" and kind in UNSHARED) or \
                (state in ("stopping", "restoring") and kind != "exclusive"):
            continue
        yield state, False
        # Alone it is not crashed as well, since nobody would serve then.
        if kind != "exclusive" and state != "resolving":
            yield state, True


def run(kind):
    """The kills that went as they must, and the requests; None: one did not."""
    directory = tempfile.mkdtemp()
    keep_events(directory)
    service, what, done = None, "start", []
    try:
        service = Service(kind, directory)
        for state, crash in states_of(kind):
            what = state + (" and a crash" if crash else "")
            service.rollout(state, crash)
            print(f"{kind}: {what}: ok", flush=True)
            done.append(what)
        if kind != "exclusive":
            what = "leaving"
            service.leave()
            print(f"{kind}: {what}: ok", flush=True)
            done.append(what)
        what = "end"
        done.append(service.end())
        what = "events"
        for fault in hold_events(directory):
            raise AssertionError(fault)
        return done
    except AssertionError as fault:
        print(f"{kind}: {what}: {str(fault)[:1500]}")
        with open(os.path.join(directory, "log"), encoding="utf-8") as log:
            print(*log.readlines()[-40:], sep="")
        return None
    finally:
        for child in (service.keeper, service.load) if service else ():
            child.poll() is None and child.kill()
        shutil.rmtree(directory)


def main():
    kinds = sys.argv[1:] or list(KINDS)
    done = [run(kind) for kind in kinds]
    if None in done:
        return 1
    figures.note(f"{sum(len(kills) - 1 for kills in done)} kills",
                 f"{len(kinds)} kinds of services",
                 f"{sum(kills[-1] for kills in done)} requests")
    return 0


if __name__ == "__main__":
    sys.exit(main())
