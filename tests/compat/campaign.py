# SPDX-License-Identifier: ISC
"""One server, one user: started, upgraded under load, rolled back, killed
and restarted.  What a request met is told by the phase in which it began.
Whatever was started is ended by its PID."""

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from servers import PAGE

BUILD = os.path.abspath(os.environ.get("HOTSWAP_BUILD", "build"))
FAILURES = ("refused", "reset", "timed_out", "truncated", "wrong", "client")
DEADLINE = 30
SHARED = 0o755        # what another user must be able to get at
MOST_IN_FLIGHT = 100  # requests that one killed process may have had


class Failed(Exception):
    """What makes the rest of a campaign pointless."""


def until(condition, what):
    end = time.monotonic() + DEADLINE
    while not condition():
        if time.monotonic() > end:
            raise Failed(f"never came true: {what}")
        time.sleep(0.01)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


ROOT, ORDINARY, BELOW = "root", "ordinary", "below"  # who runs what


def install(directory):
    """What is run, where every user can get at it."""
    for part in ("bin/hotswap", "bin/hotswap-probe",
                 "lib/libhotswap-preload.so"):
        target = os.path.join(directory, part)
        os.makedirs(os.path.dirname(target), SHARED, exist_ok=True)
        shutil.copy(os.path.join(BUILD, part), target)
    return os.path.join(directory, "bin", "hotswap")


class Campaign:
    """A directory with a server's files in it, and what runs there.

    As who says: ROOT, whoever runs this, supervisor and server; ORDINARY,
    another user runs both; BELOW, the server alone is another user's."""

    def __init__(self, server, who, upgrades, rate):
        self.server, self.who, self.upgrades = server, who, upgrades
        self.rate = min(rate, server.most)
        self.account = None if who == ROOT else pwd.getpwnam("nobody")
        self.port = free_port()
        self.base = tempfile.mkdtemp(prefix="hotswap-compat.")
        os.chmod(self.base, SHARED)
        self.directory = os.path.join(self.base, "server")
        self.place = os.path.join(self.base, "hotswap")
        os.mkdir(self.directory)
        os.mkdir(self.place)
        self.processes = []
        self.problems = []
        self.result = {"server": server.name, "user": who,
                       "rate": self.rate, "upgrades": upgrades}
        self.hotswap_file = install(self.place)
        self.environment = dict(
            os.environ, HOME=self.directory,
            HOTSWAP_RUNTIME_DIR=os.path.join(self.place, "run"),
            HOTSWAP_STATE_DIR=os.path.join(self.place, "state"),
            PATH=self.path())
        self.prepare()

    def path(self):
        """Where programs are looked for: not in what is root's alone."""
        path = os.environ["PATH"] + ":/usr/sbin:/sbin"
        if self.who != BELOW:
            return path
        return ":".join(directory for directory in path.split(":")
                        if not directory.startswith("/root"))

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(DEADLINE)
                except subprocess.TimeoutExpired:
                    process.kill()
            process.wait()
        shutil.rmtree(self.base, ignore_errors=True)

    def fill(self, text):
        return text.replace("@DIR@", self.directory).replace(
            "@PORT@", str(self.port))

    def prepare(self):
        """Write the server's files, and give the user what is the user's."""
        files = dict(self.server.files)
        files["www/index.html"] = PAGE
        for name, text in files.items():
            path = os.path.join(self.directory, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as f:
                f.write(self.fill(text))
        os.makedirs(os.path.join(self.directory, "tmp"))
        if self.server.name == "C, static":
            shutil.copy(os.path.join(BUILD, "fixtures", "server_static"),
                        self.directory)
        if self.server.build:
            cache = os.path.join(BUILD, "go-cache")
            subprocess.run(
                self.server.build, check=True, cwd=self.directory,
                env=dict(os.environ, CGO_ENABLED="0", GO111MODULE="off",
                         GOCACHE=cache))
        if self.account is not None:
            self.give(self.directory)
        if self.who == ORDINARY:
            self.give(self.place)

    def give(self, directory):
        """Hand all that is there to the user."""
        for root, _, names in os.walk(directory):
            for name in [".", *names]:
                os.chown(os.path.join(root, name), self.account.pw_uid,
                         self.account.pw_gid)

    def as_user(self):
        """Arguments of Popen that make hotswap the user's."""
        if self.who != ORDINARY:
            return {}
        return {"user": self.account.pw_uid, "group": self.account.pw_gid,
                "extra_groups": []}

    def spawn(self, command, log):
        with open(os.path.join(self.base, log), "ab") as f:
            process = subprocess.Popen(
                command, cwd=self.directory, env=self.environment,
                stdin=subprocess.DEVNULL, stdout=f, stderr=f,
                start_new_session=True,  # apache2 ends its whole group
                **self.as_user())
        self.processes.append(process)
        return process

    def command(self):
        return [self.fill(word) for word in self.server.command]

    def hotswap(self, *arguments):
        """Run a command of hotswap, which must succeed: its output."""
        done = subprocess.run(
            [self.hotswap_file, *arguments], check=False, text=True,
            capture_output=True, env=self.environment, cwd=self.directory,
            **self.as_user())
        if done.returncode != 0:
            raise Failed(f"hotswap {' '.join(arguments)}: status "
                         f"{done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def active(self):
        status = json.loads(self.hotswap("status", "web", "--json"))
        for generation in status["generations"]:
            if generation["number"] == status["active"]:
                return generation
        raise Failed("no generation is active")

    def as_program(self):
        """Options of hotswap that make the server alone the user's."""
        return ("--user", self.account.pw_name) if self.who == BELOW else ()

    def start(self):
        self.supervisor = self.spawn(
            [self.hotswap_file, "run", "-n", "web", "--bake", "300ms",
             "--keep", "1m", "--drain-timeout", "10s", "--start-timeout",
             "20s", *self.server.options, *self.as_program(), "--",
             *self.command()], "log")
        path = os.path.join(self.place, "run", "web.sock")
        until(lambda: os.path.exists(path) or
              self.supervisor.poll() is not None, "a control socket")
        self.hotswap("wait", "web", "--for", "ready", "--timeout", "20s")
        active = self.active()
        self.result["backend"] = self.backend(active["pid"])
        if not self.result["backend"].startswith(active["shim"]):
            self.problems.append(f"the shim is {self.result['backend']}, "
                                 f"not {active['shim']}")
        self.look_at_users(active["pids"])

    def look_at_users(self, pids):
        """Nothing of the server's is anybody else's than it should be."""
        if self.account is None:
            return
        for pid in pids:
            with open(f"/proc/{pid}/status", encoding="ascii") as f:
                users = next(line for line in f if line.startswith("Uid:"))
            if set(users.split()[1:]) != {str(self.account.pw_uid)}:
                self.problems.append(f"process {pid} runs as {users}")

    @staticmethod
    def backend(pid):
        """How the shim came into the process, by what the kernel says."""
        with open(f"/proc/{pid}/status", encoding="ascii") as f:
            status = dict(line.split(":\t", 1) for line in f if ":\t" in line)
        if status["Seccomp"].strip() == "2":
            no_new = status["NoNewPrivs"].strip() == "1"
            return "seccomp, no_new_privs" if no_new else "seccomp"
        with open(f"/proc/{pid}/maps", encoding="utf-8") as f:
            return "preload" if "libhotswap-preload" in f.read() else "none"

    def load_begin(self):
        fifo = os.path.join(self.base, "steer")
        self.client = subprocess.Popen(
            [os.path.join(BUILD, "load"), "--control", fifo, "--rate",
             str(self.rate), "--kept", str(self.server.kept),
             *self.server.load, self.fill(self.server.target)],
            stdout=subprocess.PIPE)
        self.processes.append(self.client)
        until(lambda: os.path.exists(fifo), "the load client's FIFO")

    def steer(self, line):
        with open(os.path.join(self.base, "steer"), "w",
                  encoding="ascii") as f:
            f.write(line + "\n")

    def load_end(self):
        self.steer("stop")
        report = json.loads(self.client.communicate()[0])
        self.result.update(
            requests=report["requests"], failed=report["failed"],
            gap_ms=report["gap"]["ms"],
            phases={name: {f: phase[f] for f in ("ok", *FAILURES)}
                    for name, phase in report["phases"].items()})

    def phase(self, name, calm=0.5):
        """From here on; with a moment in which nothing else happens."""
        self.steer(f"phase {name}")
        time.sleep(calm)

    def crash(self):
        """Kill the main process; until another one serves."""
        before = self.active()
        os.kill(before["pid"], signal.SIGKILL)

        def is_restarted():
            now = self.active()
            return now["pid"] not in (0, before["pid"])
        until(is_restarted, "a restart after the crash")
        self.hotswap("wait", "web", "--for", "ready", "--timeout", "20s")

    def run(self):
        self.start()
        self.load_begin()
        self.phase("calm", 1)
        self.phase("upgrade")
        for _ in range(self.upgrades):
            self.hotswap("upgrade", "web")
        number = self.active()["number"]
        if number != self.upgrades + 1:
            self.problems.append(f"generation {number} serves after all")
        self.phase("rollback")
        self.hotswap("rollback", "web")
        if self.active()["number"] != self.upgrades:
            self.problems.append("the rollback did not go back by one")
        self.hotswap("wait", "web", "--for", "drained", "--timeout", "30s")
        self.phase("crash")
        self.crash()
        time.sleep(1)
        self.phase("restart")
        self.hotswap("restart", "web")
        self.load_end()
        pids = self.active()["pids"]
        self.hotswap("stop", "web", "--timeout", "30s")
        left = [self.command_of(pid) for pid in pids]
        if any(left):
            self.problems.append(f"processes are left: {left}")

    @staticmethod
    def command_of(pid):
        """`12 (nginx) S`; None if it has ended."""
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
                return f.read(40)
        except FileNotFoundError:
            return None

    def alone(self):
        """The server without hotswap: what its own faults are."""
        self.spawn([word.replace("{generation}", "0")
                    for word in self.command()], "log")
        time.sleep(3)
        self.load_begin()
        self.phase("calm", 3)
        self.load_end()

    def judge(self):
        """No failure but of requests in flight in a killed process."""
        in_flight = ("timed_out",) if self.server.target.startswith("udp:") \
            else ("reset", "truncated")
        for name, phase in self.result.get("phases", {}).items():
            bad = {f: phase[f] for f in FAILURES if phase[f]}
            allowed = name == "crash" and set(bad) <= set(in_flight) and \
                sum(bad.values()) <= MOST_IN_FLIGHT
            if bad and not allowed:
                self.problems.append(f"{name}: {bad}")
        self.result["problems"] = self.problems

    def log_tail(self, lines=40):
        with open(os.path.join(self.base, "log"), encoding="utf-8",
                  errors="replace") as f:
            return "".join(f.readlines()[-lines:])
