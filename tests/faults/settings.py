# SPDX-License-Identifier: ISC
"""The ways in which a service can be set up, so that also what only some
services need is called, and fails.  In a setting {dir} is the service's
directory."""
import os
import shutil
import socket
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
MANAGER = os.path.join(HERE, "..", "manager.py")
ADDRESS = "127.0.0.1:18080"
NOBODY = 65534
HEALTH = ("--health", "exec:+test ! -e {dir}/sick.{{generation}} && "
          ": >{dir}/checked.{{generation}}")


class Setting:
    """options: of hotswap; server: of the program; listens: hotswap listens
    itself; checked: no user reaches what the check has not seen; program: what
    is started; before: what runs the command that begins the service; user: who
    types the other commands; idle: the client leaves connections open."""

    def __init__(self, options=(), server=(), listens=True, health=HEALTH,
                 checked=True, program=("{dir}/server",), before=(),
                 environ=None, user=(), idle=False, owner=0, prepare=None,
                 kinds=("upgrade", "reexec", "adoption")):
        self.options, self.server = list(options), list(server)
        self.listens, self.health, self.checked = listens, list(health), checked
        self.program, self.before = list(program), list(before)
        self.environ, self.user, self.idle = environ or {}, list(user), idle
        self.owner, self.prepare, self.kinds = owner, prepare, kinds

    def line(self, faulty, command, more, directory):
        words = [*self.before, faulty, command, "-n", "web"]
        if self.listens:
            words += ["-l", ADDRESS]
        words += [*BOUNDS, *self.health, *self.options, *more, "--",
                  *self.program, *self.server]
        return [word.replace("{dir}", directory).replace("{{", "{").replace(
            "}}", "}") for word in words]


BOUNDS = ["--bake", "40ms", "--start-timeout", "5s", "--health-interval",
          "200ms", "--health-failures", "1000", "--drain-timeout", "1s",
          "--stop-timeout", "2s"]


def write(path, text, mode=0o755):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    os.chmod(path, mode)


def write_script(directory):
    write(os.path.join(directory, "script"),
          f"#!/bin/sh\n. {directory}/beside\n"
          f"exec {directory}/server \"$@\"\n")
    write(os.path.join(directory, "beside"), "true\n")


def write_folder(directory):
    os.makedirs(os.path.join(directory, "app", "deep"))
    shutil.copy(os.path.join(directory, "server"),
                os.path.join(directory, "app", "server"))
    write(os.path.join(directory, "app", "deep", "data"), "data\n")
    os.symlink("deep/data", os.path.join(directory, "app", "link"))


def mount_noexec(directory):
    for name in ("state", "run"):
        path = os.path.join(directory, name)
        os.makedirs(path, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "noexec,mode=755",
                        "none", path], check=True)


def give_away(directory):
    for name in ("", "server"):
        os.chown(os.path.join(directory, name), NOBODY, NOBODY)


def make_theirs(directory):
    os.mkdir(os.path.join(directory, "theirs"))
    os.chown(os.path.join(directory, "theirs"), NOBODY, NOBODY)


def write_config(directory):
    write(os.path.join(directory, "web.json"),
          '{"keep": "0", "env": ["A=b"], "umask": "022", "sticky": true}\n',
          0o644)


def connect_idle():
    """A connection on which a server waits for a request."""
    sock = socket.create_connection(("127.0.0.1", 18080), 5)
    sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    sock.recv(4096)
    return sock


PROBES = ["--health", "http://127.0.0.1:18080/", "--health",
          "tcp://127.0.0.1:18080", "--warm", "http://127.0.0.1:18080/",
          "--warm-count", "50", "--quiet"]
HOOKS = ["--hook", "promoted=true", "--hook", "started=+true", "--check",
         "true", "--ready", "exec:true"]
PIDS = ["--pidfile", "{dir}/pid", "--child-pidfile", "{dir}/child",
        "--watchdog", "20s", "--ready", "notify"]
MEMBER = ["setpriv", "--reuid", "nobody", "--regid", "games", "--groups",
          "nogroup"]
ORDINARY = ["setpriv", "--reuid", "nobody", "--regid", "nogroup",
            "--clear-groups"]
UNIX = ["--bind", ADDRESS, "--bind", "{dir}/sock", "--bind",
        "udp:127.0.0.1:18081"]

SETTINGS = {
    "user": Setting(["--user", "nobody", "--health", "exec:true", *HOOKS],
                    kinds=("upgrade", "reexec", "adoption",
                           "rollback-cold")),
    "bind": Setting(server=UNIX, listens=False),
    "theirs": Setting(["--user", "nobody"],
                      ["--bind", ADDRESS, "--bind", "{dir}/theirs/sock"],
                      listens=False, prepare=make_theirs),
    "preload": Setting(["--shim", "preload"], UNIX, listens=False),
    "classic": Setting(["--steering", "classic", "--preview", "127.9.0.0/16",
                        "--step-time", "60ms", "--sticky", "-l", "udp:127.0.0.1:18081"]),
    "listen": Setting(["--preview", "127.9.0.0/16", "--quiet",
                       "--step-time", "60ms", "-l",
                       "udp:127.0.0.1:18081", "-l", "[::1]:18082"]),
    "unix": Setting(["-l", "{dir}/sock", "-l", "@hotswap-faults"]),
    "probes": Setting(PROBES),
    "accept": Setting(health=(), checked=False),
    "workers": Setting(["--drain-idle", "200ms", "--keep", "0"],
                       ["--reuseport-workers", "3", "--bind", ADDRESS],
                       listens=False, idle=True,
                       kinds=("upgrade", "reexec", "adoption", "crashed")),
    "daemon": Setting(["--drain-idle", "200ms"],
                      ["--daemonize", "--bind", ADDRESS,
                       "--fork-grandchildren", "2"], listens=False,
                      idle=True),
    "script": Setting(program=["{dir}/script"], prepare=write_script,
                      kinds=("upgrade", "adoption")),
    "folder": Setting(["--image-path", "{dir}/app", "--chdir", "{dir}/app"],
                      program=["./server"], prepare=write_folder,
                      kinds=("upgrade", "rollback-cold", "adoption")),
    "uncopied": Setting(["--no-image-copy", "--no-new-privs", "--clear-env"],
                        kinds=("upgrade", "rollback-cold")),
    "noexec": Setting(prepare=mount_noexec,
                      kinds=("upgrade", "rollback-cold")),
    "pids": Setting(PIDS, ["--notify", "--tell", "STATUS=well"]),
    "member": Setting(["--control-group", "nogroup", "--migrate-queued"],
                      user=MEMBER,
                      kinds=("upgrade", "rollback-warm", "adoption")),
    "config": Setting(["--config", "{dir}/web.json"], prepare=write_config),
    "ordinary": Setting(before=ORDINARY, user=ORDINARY, owner=NOBODY,
                        prepare=give_away,
                        kinds=("upgrade", "reexec", "adoption",
                               "rollback-cold")),
    "slow": Setting(["--check", "sleep 1"], kinds=("aborted",)),
    "notified": Setting(before=["env", "NOTIFY_SOCKET={dir}/notify"],
                        kinds=("upgrade", "stop")),
    "systemd": Setting(before=["python3", MANAGER, "--store", "200",
                               "--socket", "x=127.0.0.1:18083", "--"],
                       kinds=("upgrade", "reexec", "recovery")),
}
PLAIN = Setting()
