# SPDX-License-Identifier: ISC
"""A service under `make faults`: its processes, its client, its checks."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

from settings import connect_idle

BUILD = os.path.abspath(os.environ.get("HOTSWAP_BUILD", "build"))
HOTSWAP = os.path.join(BUILD, "bin", "hotswap")
FAULTY = os.environ.get("FAULTY") or os.path.join(BUILD, "faults", "hotswap")
SERVER = os.path.join(BUILD, "fixtures", "server")
# Without fault a command is done in a tenth of a second.
LASTS = 6     # seconds after which a fault that lasts is over
ENDS = 60     # seconds in which a command ends, whatever failed
RESTS = 60    # and the service comes to rest
PORT = 18080
IMAGES = ["server", "script", "beside", "app", "state/web/images"]
CLOSERS_MAX = 4   # base/closer.h


def until(condition, deadline):
    """What the condition says in the end."""
    end = time.monotonic() + deadline
    while True:
        answer = condition()
        if answer or time.monotonic() > end:
            return answer
        time.sleep(0.005)


def processes():
    """PID: (parent, state, command line) of all that this namespace has."""
    found = {}
    for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii",
                      errors="replace") as file:
                rest = file.read().rpartition(")")[2].split()
            with open(f"/proc/{pid}/cmdline", encoding="utf-8",
                      errors="replace") as file:
                line = file.read().replace("\0", " ").strip()
            found[pid] = (int(rest[1]), rest[0], line)
        except OSError:
            pass
    return found


def is_closer(pid):
    """base/closer.h: it keeps nothing open but its socket."""
    try:
        fds = os.listdir(f"/proc/{pid}/fd")
        return len(fds) == 1 and os.readlink(
            f"/proc/{pid}/fd/{fds[0]}").startswith("socket:")
    except OSError:
        return False


def closers():
    """The closers of each process, CLOSERS_MAX at most."""
    found = {}
    for pid, (parent, state, _) in processes().items():
        if state != "Z" and is_closer(pid):
            found.setdefault(parent, []).append(pid)
    return {parent: pids for parent, pids in found.items()
            if len(pids) <= CLOSERS_MAX}


def is_partner(pid):
    """base/partner.h tells its name."""
    try:
        with open(f"/proc/{pid}/comm", encoding="ascii") as file:
            return file.read() == "hotswap-partner\n"
    except OSError:
        return False


def partners():
    """Who has a partner: one each, too."""
    return {parent: pid for pid, (parent, state, _) in processes().items()
            if state != "Z" and is_partner(pid)}


class Client(threading.Thread):
    """A client that connects again and again, and knows who answered."""

    def __init__(self, service):
        super().__init__(daemon=True)
        self.service = service
        self.asked = threading.Event()
        self.idle = threading.Event()
        self.idle.set()
        self.faults, self.answered = [], 0
        self.kept = None   # a connection without a request
        self.start()

    def ask(self):
        with socket.create_connection(("127.0.0.1", PORT), 20) as sock:
            sock.sendall(b"GET / HTTP/1.0\r\n\r\n")
            answer = b""
            while piece := sock.recv(4096):
                answer += piece
        found = re.search(rb"X-Generation: (\d+)", answer)
        if found is None:
            raise OSError(f"no answer but {answer[:60]!r}")
        return int(found.group(1))

    def run(self):
        while True:
            self.asked.wait()
            self.idle.clear()
            try:
                generation = self.ask()
                self.answered += 1
                if self.service.checked and not os.path.exists(self.service.file(
                        f"checked.{generation}")):
                    self.faults.append(f"a request went to generation "
                                       f"{generation}, which no check passed")
            except OSError as fault:
                if self.asked.is_set():
                    self.faults.append(f"a request failed: {fault}")
            self.idle.set()
            time.sleep(0.02)

    def begin(self):
        self.faults, self.answered = [], 0
        if self.service.setting.idle:
            self.kept = connect_idle()
        self.asked.set()

    def end(self):
        """A request that has begun is answered first."""
        until(lambda: self.answered or self.faults, 10)
        self.idle.wait(21)
        self.asked.clear()
        if self.kept:
            self.kept.close()
        self.kept = None
        self.idle.wait(21)
        told = [f"{text} ({self.faults.count(text)} times)"
                for text in dict.fromkeys(self.faults)]
        return told + ([] if self.answered else ["no request was answered"])


class Service:
    """One that runs as long as nothing is wrong with it."""

    def __init__(self, directory, plan, options, setting):
        self.dir, self.plan, self.options = directory, plan, options
        self.setting = setting
        self.environ = dict(
            os.environ, HOTSWAP_RUNTIME_DIR=self.file("run"),
            HOTSWAP_STATE_DIR=self.file("state"))
        self.keeper, self.client, self.usual = None, None, None
        self.checked = True
        self.prefix = []   # before the command that begins it

    def file(self, name):
        return os.path.join(self.dir, name)

    def arguments(self, command):
        return [*self.prefix, *self.setting.line(
            FAULTY, command, self.options, self.dir)]

    def clear(self):
        shutil.rmtree(self.dir, ignore_errors=True)
        os.makedirs(self.dir)
        os.chmod(self.dir, 0o755)
        shutil.copy(SERVER, self.file("server"))
        if self.setting.prepare:
            self.setting.prepare(self.dir)

    def renew_program(self):
        """Another program that does the same."""
        new = self.file("server.new")
        shutil.copy(SERVER, new)
        with open(new, "ab") as file:
            file.write(os.urandom(8))
        os.rename(new, self.file("server"))

    def launch(self):
        """The foreground command, in which everything may fail."""
        self.log = open(self.file("log"), "ab")
        self.keeper = subprocess.Popen(
            self.arguments("run"), cwd=self.dir, stdout=self.log,
            stderr=self.log, env=dict(self.environ,
                                      HOTSWAP_FAULTS=self.plan.path))
        return self.keeper

    def begin(self):
        self.clear()
        self.launch()
        if not until(self.serves, 20):
            raise SystemExit("faults: no service comes up: " + self.tail())
        self.usual = None

    def serves(self):
        answer = self.status()
        return answer is not None and answer["active"]

    def command(self, *arguments, **more):
        # A member of --control-group may not stop it.
        user = self.setting.user if arguments[0] != "stop" else []
        return subprocess.Popen([*user, HOTSWAP, *arguments],
                                env=self.environ,
                                stdout=subprocess.PIPE, cwd=self.dir,
                                stderr=subprocess.STDOUT, text=True, **more)

    def call(self, *arguments, deadline=30):
        """Exit status and output; None if it does not end."""
        running = self.command(*arguments)
        try:
            said = running.communicate(timeout=deadline)[0]
        except subprocess.TimeoutExpired:
            running.kill()
            return None, running.communicate()[0]
        return running.returncode, said

    def ask(self, method):
        """The parameters of the reply; {} if there is none."""
        call = json.dumps({"method": f"org.hotswap.Supervisor.{method}"})
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(10)
            reply = b""
            try:
                sock.connect(self.file("run/web.sock"))
                sock.sendall(call.encode() + b"\0")
                while not reply.endswith(b"\0"):
                    piece = sock.recv(65536)
                    if not piece:
                        return {}
                    reply += piece
                return json.loads(reply[:-1]).get("parameters", {})
            except (OSError, ValueError):
                return {}

    def status(self):
        return self.ask("Status").get("status")

    @staticmethod
    def pid_of(status):
        """The main process of what serves; 0: none."""
        return next((g["pid"] for g in status["generations"]
                     if g["number"] == status["active"]), 0)

    def history(self):
        return self.ask("History").get("outcomes", [])

    def tail(self, lines=6):
        try:
            with open(self.file("log"), encoding="utf-8") as file:
                return " | ".join(line.strip() for line in
                                  file.readlines()[-lines:])
        except OSError:
            return ""

    def descriptors(self):
        """What supervisor and keeper have open, without numbers.  Images of
        generations that have ended are many, and kept on purpose."""
        now = self.status()
        if now is None or not now["pid"]:
            return 0, ["no keeper"]
        found, helped = [], closers()
        for who in ("supervisor", "pid"):
            place = f"/proc/{now[who]}/fd"
            for fd in os.listdir(place):
                try:
                    what = os.readlink(f"{place}/{fd}")
                except OSError:
                    continue
                what = re.sub(r"\d+\]|\[|\(deleted\)", "", what).strip()
                if not what.startswith(tuple(map(self.file, IMAGES))):
                    found.append(f"{who} {what}")
            for _ in helped.get(now[who], ()):
                if f"{who} socket:" in found:
                    found.remove(f"{who} socket:")
        return now["supervisor"], sorted(found)

    def strangers(self):
        """Processes that are neither known nor ours, and zombies."""
        now = self.status()
        if now is None:
            return ["no supervisor answers"]
        known = {pid for g in now["generations"] for pid in g["pids"]}
        known |= {now["pid"], now["supervisor"]}
        for pid in (now["pid"], now["supervisor"]):
            known |= {partners().get(pid), *closers().get(pid, ())}
        found, mine = [], os.getpid()
        for pid, (parent, state, line) in processes().items():
            if state == "Z" and parent in (now["pid"], now["supervisor"]):
                found.append(f"zombie {pid} of {parent}")
            elif state != "Z" and pid not in known and pid != mine and \
                    parent != mine and not line.endswith(" --serve") and \
                    "--logger" not in line:
                found.append(f"process {pid} of {parent}: {line}")
        return found

    def end(self):
        """Whatever is left of it."""
        mine = os.getpid()
        for _ in range(3):
            for pid, (_, state, line) in processes().items():
                if state != "Z" and pid != mine and self.dir in line + \
                        self.place(pid):
                    try:
                        os.kill(pid, signal.SIGKILL)
                    except OSError:
                        pass
            time.sleep(0.02)
        if self.keeper is not None:
            self.keeper.wait()
        for name in ("state", "run"):
            if os.path.ismount(self.file(name)):
                subprocess.run(["umount", "-l", self.file(name)], check=True)
        while mine == 1:
            try:
                if os.waitpid(-1, os.WNOHANG)[0] == 0:
                    break
            except ChildProcessError:
                break

    def place(self, pid):
        try:
            return os.readlink(f"/proc/{pid}/cwd")
        except OSError:
            return ""
