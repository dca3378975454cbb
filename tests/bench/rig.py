# SPDX-License-Identifier: ISC
"""What the benches have in common: a supervisor in a directory of its own,
a load client that is steered by a FIFO, and the figures that come of them.
Whatever a bench started is ended by its PID."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import figures

BUILD = os.path.abspath(os.environ.get("HOTSWAP_BUILD", "build"))
HOTSWAP = os.path.join(BUILD, "bin", "hotswap")
FAILURES = ("refused", "reset", "timed_out", "truncated", "wrong", "client")
DEADLINE = 30


def setting(name, default):
    """A number that the environment may set: the short runs do."""
    value = type(default)(os.environ.get(name, default))
    if value != default:
        figures.note(f"? {name} is {value}, not {default}")
    return value


def be_undisturbed():
    """Let what else the machine does wait, where that is permitted: this
    process, and all that it starts, come before every ordinary one.  Among
    themselves none comes before another.  With UNDISTURBED=0 they take their
    turns with the others: where no time is claimed."""
    if not setting("UNDISTURBED", 1):
        return
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except PermissionError:
        print("(not permitted to run undisturbed: other work on this machine "
              "is in the figures)")


def until(condition, what, deadline=DEADLINE):
    """Wait for it; what is for the one who waits in vain."""
    end = time.monotonic() + deadline
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"never came true: {what}")
        time.sleep(0.005)


def free_port():
    """A port of 127.0.0.1 that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def processor_ms(pid):
    """What this process has used."""
    with open(f"/proc/{pid}/schedstat", encoding="ascii") as f:
        return int(f.read().split()[0]) / 1e6


def processes():
    """How many there are on the machine."""
    return sum(name.isdigit() for name in os.listdir("/proc"))


def is_still(pid):
    """Whether it slept through a tenth of a second."""
    def waits():
        with open(f"/proc/{pid}/status", encoding="utf-8") as f:
            return re.search(r"^voluntary_ctxt_switches:.*", f.read(), re.M)[0]
    before = waits()
    time.sleep(0.1)
    return waits() == before


def median(values):
    return sorted(values)[len(values) // 2]


class Rig:
    """A service `web` of the test server, and load on it."""

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="hotswap-bench.")
        self.problems = []
        self.processes = []
        self.supervisor = None  # what was started: the keeper
        self.pid = None         # the supervisor's own
        self.client = None
        os.environ["HOTSWAP_RUNTIME_DIR"] = os.path.join(self.directory, "run")
        os.environ["HOTSWAP_STATE_DIR"] = os.path.join(self.directory, "state")
        os.chdir(self.directory)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if self.supervisor is not None:
            subprocess.run([HOTSWAP, "stop", "web", "--now"], check=False,
                           stderr=subprocess.DEVNULL)
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()
        if kind is not None or self.problems:
            print(self.log(), file=sys.stderr)
        os.chdir("/")
        shutil.rmtree(self.directory, ignore_errors=True)

    def log(self):
        """The last lines of the supervisor's log."""
        with open("log", encoding="utf-8", errors="replace") as f:
            return "".join(f.readlines()[-40:])

    def release(self, version, *behaviour):
        """Put a server of this version in place, as a deployment does."""
        line = " ".join((version,) + behaviour)
        shutil.copy(os.path.join(BUILD, "fixtures", "server"), "server.new")
        with open("server.new", "ab") as f:
            f.write(f"\nversion={line}\n".encode())
        os.rename("server.new", "server")

    def serve(self, *options, listen="127.0.0.1:0", before=(),
              program=("./server",)):
        """Run a supervisor of the program; its address is in self.address."""
        with open("log", "ab") as log:
            self.supervisor = subprocess.Popen(
                [*before, HOTSWAP, "run", "-n", "web", "-l", listen, *options,
                 "--", *program], stdout=log, stderr=log)
        self.processes.append(self.supervisor)
        until(lambda: os.path.exists("run/web.sock"), "a control socket")
        self.hotswap("wait", "web", "--for", "ready", "--timeout", "10s")
        status = self.status()
        self.address = status["listeners"][0]["address"]
        self.pid = status["supervisor"]

    def hotswap(self, *arguments, expect=0):
        """Run a command, which must end with this status: its output."""
        done = subprocess.run([HOTSWAP, *arguments], check=False,
                              capture_output=True, text=True)
        if done.returncode != expect:
            self.problem(f"hotswap {' '.join(arguments)}: status "
                         f"{done.returncode}, not {expect}: {done.stderr}")
        return done.stdout

    def status(self):
        return json.loads(self.hotswap("status", "web", "--json"))

    def drained(self):
        """Wait until no older generation is left."""
        self.hotswap("wait", "web", "--for", "drained", "--timeout", "20s")

    def load(self, *options):
        """Begin to put load on the service."""
        self.client = subprocess.Popen(
            [os.path.join(BUILD, "load"), "--control", "steer", *options,
             self.address], stdout=subprocess.PIPE)
        self.processes.append(self.client)
        until(lambda: os.path.exists("steer"), "the load client's FIFO")

    def steer(self, line):
        with open("steer", "w", encoding="ascii") as f:
            f.write(line + "\n")

    def end_load(self):
        """Its report; every failed request is a problem."""
        self.steer("stop")
        report = json.loads(self.client.communicate()[0])
        if report["failures"]:
            counts = {f: report[f] for f in FAILURES if report[f]}
            self.problem(f"{report['failures']} requests failed: {counts} "
                         f"{report['failed'][:3]}")
        return report

    def report(self):
        """What the load client says so far."""
        self.steer("report so-far")
        until(lambda: os.path.exists("so-far"), "a report")
        with open("so-far", encoding="utf-8") as f:
            report = json.load(f)
        os.unlink("so-far")
        return report

    def children(self):
        """Those of the supervisor that run, and the faults that those who
        have ended took: who comes and goes is seen in either."""
        proc = f"/proc/{self.pid}"
        with open(f"{proc}/task/{self.pid}/children",
                  encoding="ascii") as f:
            running = f.read().split()
        with open(f"{proc}/stat", encoding="utf-8") as f:
            faults = f.read().rsplit(")", 1)[1].split()[8]
        return running, faults

    def stop(self):
        """Stop the service; the supervisor's exit status must be 0."""
        self.hotswap("stop", "web")
        status = self.supervisor.wait()
        if status != 0:
            self.problem(f"the supervisor ended with {status}")

    def problem(self, text):
        self.problems.append(text)

    def claim(self, holds, text):
        """A figure and whether it is as claimed."""
        print(f"  {text}" if holds else f"  {text}   <- NOT AS CLAIMED",
              flush=True)
        figures.note(text)
        if not holds:
            self.problem(text)

    def verdict(self):
        for problem in self.problems:
            print(f"FAILED: {problem}", flush=True)
        return 1 if self.problems else 0


def interrupt(process):
    """End what runs until it is told to."""
    process.send_signal(signal.SIGINT)
    return process.wait()
