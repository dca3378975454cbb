# SPDX-License-Identifier: ISC
"""Faults of the kernel itself: strace(1) makes a system call of supervisor or
keeper fail, and the call is not made.  Of a command that begins a service it
traces all processes, and the call fails in each of them."""
import os
import re
import signal
import subprocess

from service import processes, until

ALL = "all"
WHOLE = "kernel"   # "kernel.supervisor:openat"
# What no kernel refuses, or what ends the process that is traced.
NEVER = {"exit_group", "rt_sigreturn", "restart_syscall", "execve",
         "execveat"}
# The names of the calls of libc whose manual page lists the errors.
LIBC = {"clone": "fork", "clone3": "fork", "newfstatat": "fstatat",
        "wait4": "waitpid", "epoll_pwait": "epoll_wait", "pread64": "pread",
        "pwrite64": "pwrite", "rt_sigprocmask": "sigprocmask",
        "prlimit64": "setrlimit", "signalfd4": "signalfd", "munmap": "mmap",
        "mprotect": "mmap", "fchmodat": "chmod", "getdents64": "readdir",
        "unlinkat": "unlinkat", "setitimer": "timer_settime",
        "brk": "malloc", "faccessat2": "faccessat"}


def is_kernels(site):
    return site.startswith(WHOLE + ".")


def errors_of(site, table):
    call = site.split(":")[1]
    return table.get(LIBC.get(call, call), ["EPERM", "ENOMEM", "EINVAL"])


def tracer_of(pid):
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            return int(re.search(r"TracerPid:\t(\d+)", file.read()).group(1))
    except OSError:
        return 0


class Tracer:
    """One strace(1), as long as it is attached."""

    def __init__(self, service, directory):
        self.service = service
        self.said = os.path.join(directory, "strace")
        self.running = None

    def attach(self, role, *options):
        """To a process; or to what the service begins with."""
        if os.path.exists(self.said):
            os.unlink(self.said)
        options = ["strace", "-qqq", "-o", self.said, *options]
        if role == ALL:
            self.service.prefix = [*options, "-D", "-f", "-I", "waiting"]
            return
        now = self.service.status()
        pid = now["supervisor"] if role == "supervisor" else now["pid"]
        with open(self.said + ".err", "w", encoding="ascii") as err:
            self.running = subprocess.Popen([*options, "-p", str(pid)],
                                            stderr=err)
        if not until(lambda: tracer_of(pid) or
                     self.running.poll() is not None, 60) or \
                not (tracer_of(pid) or self.fired()):
            raise RuntimeError(f"{role} {pid} cannot be traced: "
                               + self.service.tail(20))

    def arm(self, fault):
        role, call = fault.site.split(".")[1].split(":")
        when = f"{fault.nth}{'+' if fault.mode == 'on' else ''}"
        return self.attach(
            role, "-e", f"trace={call}", "-e",
            f"inject={call}:error={fault.error}:when={when}")

    def detach(self):
        """What the process that was traced did, line by line."""
        if self.service.prefix:
            self.service.prefix = []
            self.let_go()
        elif self.running is None:
            return []
        else:
            self.running.send_signal(signal.SIGINT)
            self.running.wait()
            self.running = None
        if not os.path.exists(self.said):
            return []
        with open(self.said, encoding="utf-8", errors="replace") as file:
            return file.readlines()

    def let_go(self):
        """Our own strace(1) that is nobody's child but this namespace's."""
        def mine():
            return [pid for pid, (_, state, line) in processes().items()
                    if line.startswith("strace ") and self.said in line
                    and state != "Z"]
        for pid in mine():
            os.kill(pid, signal.SIGTERM)
        until(lambda: not mine(), 10)

    def fired(self):
        if not os.path.exists(self.said):
            return 0
        with open(self.said, encoding="utf-8", errors="replace") as file:
            return sum("(INJECTED)" in line for line in file)


def calls_of(lines):
    """Call: how often a process has made it."""
    made = {}
    for line in lines:
        found = re.match(r"(\d+ +)?(\w+)\(", line)
        if found and found.group(2) not in NEVER:
            made[found.groups()] = made.get(found.groups(), 0) + 1
    return {call: max(n for (_, of), n in made.items() if of == call)
            for _, call in made}


def survey(bench):
    """The sites of the kernel: how often each call is made."""
    hits = {}
    bench.attempt(None)
    for role in (ALL,) if bench.command.begins else ("supervisor", "keeper"):
        def arm(role=role):
            bench.tracer.attach(role)
        lines = []
        faults = bench.command.run(
            bench.service, arm, lambda: lines.extend(bench.tracer.detach()),
            False)
        if bench.command.kept:
            faults = faults or bench.command.after(bench.service)
        if faults:
            raise SystemExit(f"faults: under strace: {faults}")
        for call, number in calls_of(lines).items():
            hits[f"{WHOLE}.{role}:{call}"] = number
    return hits
