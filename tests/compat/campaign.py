# SPDX-License-Identifier: ISC
"""One server, one user: started, upgraded under load, rolled back, killed,
restarted, and killed again when its program's file was replaced.  What a
request met is told by the phase in which it began.  Whatever was started is
ended by its PID."""

import glob
import grp
import hashlib
import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from server import BELOW, ORDINARY, PAGE, ROOT

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


def can_connect(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", int(port))) == 0


def digest(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def search_path():
    """Where servers are, also those that Debian has in no PATH."""
    return ":".join([os.environ["PATH"], "/usr/sbin", "/sbin",
                     *sorted(glob.glob("/usr/lib/postgresql/*/bin")),
                     "/usr/lib/rabbitmq/bin"])


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
        self.server, self.who = server, who
        self.upgrades = min(upgrades, server.upgrades)
        self.rate = min(rate, server.most)
        self.account = None if who == ROOT else pwd.getpwnam("nobody")
        self.words = {"BUILD": BUILD}
        self.now = "start"  # the phase
        self.client = None
        self.base = tempfile.mkdtemp(prefix="hotswap-compat.")
        os.chmod(self.base, SHARED)
        self.directory = os.path.join(self.base, "server")
        self.place = os.path.join(self.base, "hotswap")
        os.mkdir(self.directory)
        os.mkdir(self.place)
        self.words["DIR"] = self.directory
        account = self.account or pwd.getpwuid(os.geteuid())
        self.words["USER"] = account.pw_name
        self.words["GROUP"] = grp.getgrgid(account.pw_gid).gr_name
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
        path = search_path()
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
        """Put in what @NAME@ stands for: a free port where it is unknown."""
        def word(found):
            return self.words.setdefault(found[1], str(free_port()))
        return re.sub(r"@([A-Z]+)@", word, text)

    def filled(self, command):
        return [self.fill(word) for word in command]

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
        shutil.copy(os.path.join(BUILD, "fixtures", "server_static"),
                    self.directory)
        if self.server.build:
            subprocess.run(
                self.filled(self.server.build), check=True,
                cwd=self.directory,
                env=dict(os.environ, CGO_ENABLED="0", GO111MODULE="off",
                         GOCACHE=os.path.join(BUILD, "go-cache")))
        self.copy_program()
        if self.account is not None:
            self.give(self.directory)
        if self.who == ORDINARY:
            self.give(self.place)
        for command in self.server.setup:
            subprocess.run(self.filled(command), check=True,
                           cwd=self.directory, env=self.environment,
                           stdout=subprocess.DEVNULL, **self.as_server())

    def copy_program(self):
        """A copy of the program, so that its file can be replaced."""
        program = self.fill(self.server.command[0])
        if program.startswith(self.directory):
            self.program = program
            return
        found = shutil.which(program, path=search_path())
        self.program = os.path.join(self.directory, "bin",
                                    os.path.basename(program))
        os.makedirs(os.path.dirname(self.program), exist_ok=True)
        shutil.copy(found, self.program)

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

    def as_server(self):
        """The same for a command of the server's own user."""
        if self.account is None:
            return {}
        return {"user": self.account.pw_uid, "group": self.account.pw_gid,
                "extra_groups": []}

    def spawn(self, command, log, user):
        with open(os.path.join(self.base, log), "ab") as f:
            process = subprocess.Popen(
                command, cwd=self.directory, env=self.environment,
                stdin=subprocess.DEVNULL, stdout=f, stderr=f,
                start_new_session=True,  # apache2 ends its whole group
                **user)
        self.processes.append(process)
        return process

    def command(self):
        return [self.program, *self.filled(self.server.command[1:])]

    def start_beside(self):
        """What the server needs, as a server behind a proxy."""
        for command in self.server.beside:
            self.spawn(self.filled(command), "beside", self.as_server())
            until(lambda: can_connect(self.words["BESIDE"]),
                  "what runs beside")

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

    def look_at_advice(self):
        """doctor says beforehand what the row of the table says."""
        said = json.loads(self.hotswap(
            "doctor", "--json", *self.as_program(), "--",
            *self.command()))["program"]
        if said["options"] != " ".join(self.server.options):
            self.problems.append(
                f"doctor advises `{said['options']}`, not "
                f"`{' '.join(self.server.options)}`")

    def start(self):
        self.look_at_advice()
        self.start_beside()
        self.supervisor = self.spawn(
            [self.hotswap_file, "run", "-n", "web", "--bake", "300ms",
             "--keep", "1m", "--drain-timeout",
             # New connections wait so long for the next one.
             "1s" if "exclusive" in self.server.options else "3s",
             "--start-timeout", "20s", *self.server.options, *self.as_program(), "--",
             *self.command()], "log", self.as_user())
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
             *self.filled(self.server.load), self.fill(self.server.target)],
            stdout=subprocess.PIPE)
        self.processes.append(self.client)
        until(lambda: os.path.exists(fifo), "the load client's FIFO")

    def steer(self, line):
        with open(os.path.join(self.base, "steer"), "w",
                  encoding="ascii") as f:
            f.write(line + "\n")

    def load_end(self):
        if self.client is None:
            return
        self.steer("stop")
        report = json.loads(self.client.communicate()[0])
        self.result.update(
            requests=report["requests"], failed=report["failed"],
            gap_ms=report["gap"]["ms"],
            phases={name: {f: phase[f] for f in ("ok", *FAILURES)}
                    for name, phase in report["phases"].items()})

    def phase(self, name, calm=0.5):
        """From here on; with a moment in which nothing else happens."""
        self.now = name
        self.steer(f"phase {name}")
        time.sleep(calm)

    def answered(self):
        """How many requests of this phase have been, so far."""
        path = os.path.join(self.base, "now.json")
        self.steer(f"report {path}")
        until(lambda: os.path.exists(path), "the load client's report")
        with open(path, encoding="utf-8") as f:
            report = json.load(f)
        os.remove(path)
        return report["phases"][self.now]["ok"]

    def crash(self):
        """Kill the main process; until another one serves."""
        before = self.active()
        os.kill(before["pid"], signal.SIGKILL)

        def is_restarted():
            now = self.active()
            return now["pid"] not in (0, before["pid"])
        until(is_restarted, "a restart after the crash")
        # Until it is ready again, users wait.
        enough = self.answered() + 10
        until(lambda: self.answered() > enough, "answers after the crash")

    def replace(self):
        """Another file has the program's name, and the old one is gone."""
        self.was = digest(self.program)
        new = self.program + ".new"
        shutil.copy(self.program, new)
        with open(new, "ab") as f:
            f.write(b"\n# new\n")
        if self.account is not None:
            os.chown(new, self.account.pw_uid, self.account.pw_gid)
        os.rename(new, self.program)

    def look_at_bytes(self):
        """What runs after the crash are the bytes that ran before."""
        pid = self.active()["pid"]
        if pid == 0:
            raise Failed("the program has ended again")
        new = digest(f"/proc/{pid}/exe") == digest(self.program)
        if new and not self.server.again:
            self.problems.append("replaced: the new file runs")

    def upgrade(self):
        for _ in range(self.upgrades):
            # A rollback that starts the old image once more is refused where
            # it would be the same one.
            if "exclusive" in self.server.options:
                self.replace()
            self.hotswap("upgrade", "web")
        number = self.active()["number"]
        if number != self.upgrades + 1:
            self.problems.append(f"generation {number} serves after all")

    def roll_back(self):
        self.hotswap("rollback", "web")
        # With --strategy exclusive the old image is started once more.
        if self.active()["number"] == self.upgrades + 1:
            self.problems.append("the rollback did not go back by one")
        self.hotswap("wait", "web", "--for", "drained", "--timeout", "30s")

    def crash_replaced(self):
        self.replace()
        self.crash()
        self.look_at_bytes()

    def run(self):
        events = (("upgrade", self.upgrade), ("rollback", self.roll_back),
                  ("crash", self.crash),
                  ("restart", lambda: self.hotswap("restart", "web")),
                  ("replaced", self.crash_replaced))
        self.start()
        self.load_begin()
        self.phase("calm", 1)
        for name, event in events:
            self.phase(name)
            event()
        time.sleep(0.5)
        self.load_end()
        self.now = "stop"
        pids = self.active()["pids"]
        self.hotswap("stop", "web", "--timeout", "30s")
        left = [self.command_of(pid) for pid in pids]
        if any(left):
            self.problems.append(f"processes are left: {left}")

    def broke(self, failure):
        """The rest is pointless; what the load saw so far still counts."""
        self.problems.append(f"{self.now}: {failure}")
        self.result["broke"] = self.now
        if "requests" not in self.result:
            self.load_end()

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
        self.start_beside()
        self.spawn([re.sub("{(generation|slot)}", "0", word)
                    for word in self.command()], "log", self.as_server())
        time.sleep(3)
        self.load_begin()
        self.phase("calm", 3)
        self.load_end()

    def judge(self):
        """No failure but of requests in flight in a killed process."""
        in_flight = ("timed_out",) if self.server.target.startswith("udp:") \
            else ("reset", "truncated")
        for name, phase in self.result.get("phases", {}).items():
            bad = {f: phase[f] for f in FAILURES
                   if phase[f] and f not in self.server.fails[:1]}
            killed = name in ("crash", "replaced") and \
                set(bad) <= set(in_flight) and \
                sum(bad.values()) <= MOST_IN_FLIGHT
            if bad and not killed:
                self.problems.append(f"{name}: {bad}")
        self.result["problems"] = self.problems

    def log_tail(self, lines=40):
        path = os.path.join(self.base, "log")
        if not os.path.exists(path):
            return ""
        with open(path, encoding="utf-8", errors="replace") as f:
            return "".join(f.readlines()[-lines:])
