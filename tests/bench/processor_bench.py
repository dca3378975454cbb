#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What an upgrade costs the processor, from the command to the end of the older
server: of the supervisor alone, and of all processes of hotswap with the command
line, for an upgrade with three health checks.  What a server uses that is
started by itself, and gets as many requests, is taken off.

The control group says what all of them used, cpu.stat of version 2.  Where none
can be made, the figure of the supervisor alone is claimed.

UPGRADES, WARM_UP, SUPERVISOR_MS and ALL_MS (medians; 0: told, not claimed) are
settings."""

import os
import re
import resource
import socket
import subprocess
import sys
import urllib.request

import rig

UPGRADES = rig.setting("UPGRADES", 40)
WARM_UP = rig.setting("WARM_UP", 5)
SUPERVISOR_MS = rig.setting("SUPERVISOR_MS", 8.0)
ALL_MS = rig.setting("ALL_MS", 20.0)
CHECKS = 3


class Group:
    """A control group for what is started in it."""

    def __init__(self):
        self.path = None
        with open("/proc/mounts", encoding="utf-8") as f:
            mounts = [line.split() for line in f]
        for mount in mounts:
            path = os.path.join(mount[1], f"hotswap-bench.{os.getpid()}")
            if mount[2] != "cgroup2" or self.path is not None:
                continue
            try:
                os.mkdir(path)
                self.path = path
            except OSError:
                pass

    def entered(self):
        """A command line that starts what is put behind it in the group."""
        if self.path is None:
            return ()
        return ("sh", "-c", f'echo $$ >{self.path}/cgroup.procs; exec "$@"',
                "sh")

    def used_ms(self):
        if self.path is None:
            return 0
        with open(f"{self.path}/cpu.stat", encoding="ascii") as f:
            return int(re.search(r"usage_usec (\d+)", f.read())[1]) / 1e3

    def remove(self):
        if self.path is not None:
            rig.until(lambda: not self.members(), "an empty control group")
            os.rmdir(self.path)

    def members(self):
        with open(f"{self.path}/cgroup.procs", encoding="ascii") as f:
            return f.read()


def command_ms():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1e3 * (used.ru_utime + used.ru_stime)


def lone_server_ms():
    """What a server uses by itself, from its start to its end, with as many
    requests as there are checks."""
    with socket.create_server(("127.0.0.1", 0)) as s:
        port = s.getsockname()[1]
        before = command_ms()
        server = subprocess.Popen(
            ["./server"], pass_fds=[s.fileno()],
            env={"SERVER_STARTER_PORT": f"127.0.0.1:{port}={s.fileno()}"})
        for _ in range(CHECKS):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/").read()
        server.terminate()
        server.wait()
        return command_ms() - before


class Upgrade:
    """One upgrade, from the command to the end of the older server."""

    def __init__(self, web, group, version):
        web.release(f"v{version}")
        older = str(web.status()["generations"][-1]["pid"])
        supervisor, all_ms, command = (
            rig.processor_ms(web.pid), group.used_ms(), command_ms())
        web.hotswap("upgrade", "web")
        self.command = command_ms() - command
        rig.until(lambda: older not in web.children()[0],
                  "the older server's end")
        rig.until(lambda: rig.is_still(web.pid), "an idle supervisor")
        self.supervisor = rig.processor_ms(web.pid) - supervisor
        self.others = group.used_ms() - all_ms - self.supervisor

    def all(self, of_server):
        return self.supervisor + self.others + self.command - of_server


def measure(web, group, checks):
    for version in range(WARM_UP):
        Upgrade(web, group, version)
    of_server = rig.median([lone_server_ms() for _ in range(UPGRADES)])
    upgrades = [Upgrade(web, group, WARM_UP + n) for n in range(UPGRADES)]
    supervisor = rig.median([u.supervisor for u in upgrades])
    web.claim(checks or not SUPERVISOR_MS or supervisor <= SUPERVISOR_MS,
              f"{supervisor:.1f} ms of the supervisor")
    print(f"  {rig.median([u.command for u in upgrades]):.1f} ms of the "
          "command line")
    if group.path is None:
        print("  (no control group can be made: children are not counted)")
        return
    print(f"  {rig.median([u.others for u in upgrades]) - of_server:.1f} ms of "
          f"all children and the keeper, without {of_server:.1f} ms of the "
          "server")
    every = rig.median([u.all(of_server) for u in upgrades])
    web.claim(not checks or not ALL_MS or every <= ALL_MS,
              f"{every:.1f} ms of all processes of hotswap")


def bench(checks):
    group = Group()
    with rig.Rig() as web:
        print(f"an upgrade with {checks} health checks, with {rig.processes()} "
              "processes on the machine", flush=True)
        web.release("v")
        address = f"127.0.0.1:{rig.free_port()}"
        web.serve("--bake", "20ms", "--keep", "20ms",
                  *["--health", f"http://{address}/"] * checks,
                  listen=address, before=group.entered())
        measure(web, group, checks)
        web.stop()
        status = web.verdict()
    group.remove()
    return status


if __name__ == "__main__":
    sys.exit(bench(0) | bench(CHECKS))
