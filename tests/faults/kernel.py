# SPDX-License-Identifier: ISC
"""Faults of the kernel itself: strace(1) makes a system call of supervisor or
keeper fail, and the call is not made."""
import os
import re
import signal
import subprocess

from service import until

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


class Tracer:
    """One strace(1), as long as it is attached."""

    def __init__(self, service, directory):
        self.service = service
        self.said = os.path.join(directory, "strace")
        self.running = None

    def attach(self, role, *options):
        now = self.service.status()
        pid = now["supervisor"] if role == "supervisor" else now["pid"]
        with open(self.said + ".err", "w", encoding="ascii") as err:
            self.running = subprocess.Popen(
                ["strace", "-qqq", "-o", self.said, *options, "-p", str(pid)],
                stderr=err)

        def is_traced():
            try:
                with open(f"/proc/{pid}/status", encoding="ascii") as file:
                    return "TracerPid:\t0\n" not in file.read()
            except OSError:
                return False
        if not until(lambda: is_traced() or
                     self.running.poll() is not None, 60) or \
                not is_traced():
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
        if self.running is None:
            return []
        self.running.send_signal(signal.SIGINT)
        self.running.wait()
        self.running = None
        with open(self.said, encoding="utf-8", errors="replace") as file:
            return file.readlines()

    def fired(self):
        with open(self.said, encoding="utf-8", errors="replace") as file:
            return sum("(INJECTED)" in line for line in file)


def calls_of(lines):
    """Call: how often it was made."""
    made = {}
    for line in lines:
        found = re.match(r"(\w+)\(", line)
        if found and found.group(1) not in NEVER:
            made[found.group(1)] = made.get(found.group(1), 0) + 1
    return made


def survey(bench):
    """The sites of the kernel: how often each call is made."""
    hits = {}
    bench.attempt(None)
    for role in ("supervisor", "keeper"):
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
