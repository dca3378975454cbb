# SPDX-License-Identifier: ISC
"""Ways to replace a running server, each as its own manual has it: what is
typed or scripted for a new release, and to take it back.  A release is put in
place before; `sick` answers 500, `dead` ends at once or cannot be read."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

import rig

BEHAVIOUR = {"good": (), "sick": ("--answer 500",), "dead": ("--exit 1",)}


def version(port):
    """What answers there; None: nobody."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/",
                                    timeout=1) as answer:
            return answer.headers["X-Version"]
    except (OSError, urllib.error.URLError):
        return None


def answers(port):
    return version(port) is not None


class Way:
    """One of them; the release that serves well is in self.good."""

    name = ""

    def __init__(self, web):
        self.web = web
        self.port = rig.free_port()
        web.address = f"127.0.0.1:{self.port}"
        self.good = "v1"

    def run(self, *command):
        with open("log", "ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log)
        self.web.processes.append(process)
        return process

    def release(self, version, kind):
        self.web.release(version, *BEHAVIOUR[kind])

    def upgrade(self, version, kind="good"):
        """Its exit status; None: there is none."""
        self.release(version, kind)
        status = self.replace()
        if kind == "good":
            self.good = version
        return status

    def repair(self):
        """The bad release has to go."""
        self.release(self.good, "good")
        self.replace()

    def back(self):
        self.release("v1", "good")
        self.replace()
        self.good = "v1"

    def stop(self):
        """What works there still, whoever managed it."""
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                if (os.readlink(f"/proc/{pid}/cwd") == self.web.directory
                        and int(pid) != os.getpid()):
                    os.kill(int(pid), signal.SIGKILL)
            except OSError:
                continue

    def kill_manager(self):
        """With SIGKILL, what has to be there for the next replacement;
        does that work afterwards?  None: nothing has to be there."""
        return None

    def works(self):
        try:
            self.upgrade("v5")
        except (OSError, TypeError, TimeoutError):
            return False
        end = time.monotonic() + 2
        while version(self.port) != "v5":
            if time.monotonic() > end:
                return False
            time.sleep(0.05)
        return True

    def end(self, process):
        process.terminate()
        process.wait()


class Restart(Way):
    """What `systemctl restart` does with a server that is just run."""

    name = "stop, then start"

    def start(self):
        self.release("v1", "good")
        self.server = self.run("./server", "--bind", self.web.address)
        rig.until(lambda: answers(self.port), "an answer")

    def replace(self):
        self.end(self.server)
        self.server = self.run("./server", "--bind", self.web.address)


class ServerStarter(Way):
    """start_server(1): `start_server --restart` waits for the new one."""

    name = "Server::Starter"

    def start(self):
        self.release("v1", "good")
        self.starter = self.run(
            "start_server", f"--port={self.web.address}", "--pid-file=pid",
            "--status-file=status", "--", "./server", "--protocol",
            "server-starter")
        rig.until(lambda: answers(self.port), "an answer")

    def replace(self):
        try:
            return subprocess.run(
                ["start_server", "--restart", "--pid-file=pid",
                 "--status-file=status"], check=False, timeout=5,
                stderr=subprocess.DEVNULL).returncode
        except subprocess.TimeoutExpired:
            return "hangs"

    def kill_manager(self):
        self.starter.kill()
        return self.works()


NGINX = """\
worker_processes 1; pid nginx.pid;
error_log stderr crit; events {{ }}
http {{
    access_log off; {temporary}
    server {{
        listen {address} backlog=4096;
        add_header X-Version {version};
        location / {{ {action} }}
        location = /slow {{ root .; limit_rate 1000; }}
    }}
}}
"""
ACTION = {"good": 'return 200 "{version}";', "sick": "return 500;",
          "dead": "retrun 200;"}


class NginxSignals(Way):
    """"Upgrading Executable on the Fly": USR2 and WINCH; QUIT to the new and
    HUP to the old one take it back, QUIT to the old one ends it."""

    name = "nginx, USR2 and WINCH"

    def release(self, version, kind):
        temporary = "".join(f"{t}_temp_path tmp; " for t in (
            "client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        with open("nginx.conf.new", "w", encoding="ascii") as f:
            f.write(NGINX.format(
                temporary=temporary, address=self.web.address,
                version=version,
                action=ACTION[kind].format(version=version)))
        os.rename("nginx.conf.new", "nginx.conf")

    def master(self, suffix=""):
        try:
            with open("nginx.pid" + suffix, encoding="ascii") as f:
                return int(f.read())
        except (OSError, ValueError):
            return None

    def start(self):
        os.chmod(".", 0o755)
        os.mkdir("tmp")
        with open("slow", "w", encoding="ascii") as f:
            f.write("s" * 1000)
        self.release("v1", "good")
        # A daemon: one whose parent has started it ignores USR2.
        self.run(shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin"),
                 "-p", os.getcwd(), "-c", "nginx.conf", "-e", "stderr").wait()
        rig.until(lambda: answers(self.port), "an answer")

    def replace(self):
        old = self.master(".oldbin")
        if old is not None:
            os.kill(old, signal.SIGQUIT)
            rig.until(lambda: self.master(".oldbin") is None, "its end")
        self.former = self.master()
        os.kill(self.former, signal.SIGUSR2)
        end = time.monotonic() + 2
        while time.monotonic() < end:
            if self.master(".oldbin") and self.master() not in (
                    None, self.former):
                os.kill(self.former, signal.SIGWINCH)
                return
            time.sleep(0.01)

    def take_back(self):
        if self.master(".oldbin") is None:
            return
        new = self.master()
        os.kill(self.former, signal.SIGHUP)
        os.kill(new, signal.SIGQUIT)
        rig.until(lambda: self.master() == self.former, "the old master's file")

    def repair(self):
        self.release(self.good, "good")
        self.take_back()

    def back(self):
        self.release("v1", "good")
        self.take_back()
        self.good = "v1"

    def kill_manager(self):
        os.kill(self.master(), signal.SIGKILL)
        return self.works()


HAPROXY = """\
global
    stats socket unix@admin level admin
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
frontend web
    bind 127.0.0.1:{port}
    default_backend servers
backend servers
    server a 127.0.0.1:{a}
    server b 127.0.0.1:{b} disabled
"""


class TwoPorts(Way):
    """HAProxy before two ports; the script waits for an answer of the new
    server before it moves the traffic."""

    name = "HAProxy before two ports"

    def start(self):
        self.ports = [rig.free_port(), rig.free_port()]
        self.servers = [None, None]
        self.active = 0
        with open("haproxy.cfg", "w", encoding="ascii") as f:
            f.write(HAPROXY.format(port=self.port, a=self.ports[0],
                                   b=self.ports[1]))
        self.release("v1", "good")
        self.servers[0] = self.launch(0)
        self.proxy = self.run(
            shutil.which("haproxy", path=os.environ["PATH"] + ":/usr/sbin"),
            "-db", "-f", "haproxy.cfg")
        rig.until(lambda: answers(self.port), "an answer")

    def launch(self, slot):
        return self.run("./server", "--bind", f"127.0.0.1:{self.ports[slot]}")

    def tell(self, line):
        with socket.socket(socket.AF_UNIX) as s:
            s.connect("admin")
            s.sendall(line.encode() + b"\n")
            s.recv(4096)

    def move(self, slot):
        self.tell(f"set server servers/{'ab'[slot]} state ready")
        self.tell(f"set server servers/{'ab'[1 - slot]} state drain")
        self.active = slot

    def replace(self):
        slot = 1 - self.active
        if self.servers[slot] is not None:
            self.end(self.servers[slot])
        self.servers[slot] = self.launch(slot)
        end = time.monotonic() + 3
        while not answers(self.ports[slot]):
            if time.monotonic() > end or self.servers[slot].poll() is not None:
                self.end(self.servers[slot])
                self.servers[slot] = None
                return 1
            time.sleep(0.02)
        self.move(slot)
        return 0

    def repair(self):
        self.release(self.good, "good")

    def back(self):
        self.release("v1", "good")
        self.move(1 - self.active)
        self.good = "v1"

    def kill_manager(self):
        self.proxy.kill()
        return self.works()


class Hotswap(Way):
    """hotswap(1), its server as it is: it binds by itself."""

    name = "hotswap"

    def start(self):
        self.release("v1", "good")
        self.supervisor = self.run(
            rig.HOTSWAP, "run", "-n", "web", "--health",
            f"http://{self.web.address}/", "--health-interval", "100ms",
            "--start-timeout", "3s", "--bake", "500ms", "--", "./server",
            "--bind", self.web.address)
        rig.until(lambda: answers(self.port), "an answer")

    def command(self, *arguments):
        return subprocess.run([rig.HOTSWAP, *arguments], check=False,
                              stderr=subprocess.DEVNULL).returncode

    def replace(self):
        return self.command("upgrade", "web")

    def repair(self):
        self.release(self.good, "good")

    def back(self):
        self.release("v1", "good")
        self.command("rollback", "web")
        self.good = "v1"

    def kill_manager(self):
        status = subprocess.run([rig.HOTSWAP, "status", "web", "--json"],
                                check=True, capture_output=True).stdout
        os.kill(json.loads(status)["supervisor"], signal.SIGKILL)
        return self.works()

    def stop(self):
        self.command("stop", "web", "--now")
        self.supervisor.wait()


ALL = (Restart, NginxSignals, ServerStarter, TwoPorts, Hotswap)
