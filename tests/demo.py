#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The main job on real input: a server under load is upgraded, a broken
release is refused, the upgrade is rolled back, and nobody notices.  Shows
each step and a closing table; exit status 1 if anything failed."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

BUILD = os.path.abspath(os.environ.get("HOTSWAP_BUILD", "build"))
HOTSWAP = os.path.join(BUILD, "bin", "hotswap")
RATE, KEPT, SLOW = 1000, 16, 3
FAILURES = ("refused", "reset", "timed_out", "truncated", "wrong")

colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
problems = []


def say(text, code="1"):
    print(f"\033[{code}m{text}\033[0m" if colour else text, flush=True)


def release(directory, version, *behaviour):
    """Put a server of this version in place, as a deployment does."""
    path = os.path.join(directory, "server")
    shutil.copy(os.path.join(BUILD, "fixtures", "server"), path + ".new")
    with open(path + ".new", "ab") as f:
        f.write(("\nversion=" + " ".join((version,) + behaviour) + "\n").encode())
    os.rename(path + ".new", path)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def hotswap(*arguments, expect=0):
    """Run a command as a person would; it must end with this status."""
    say("\n$ hotswap " + " ".join(arguments), "36")
    began = time.monotonic_ns()
    status = subprocess.run([HOTSWAP, *arguments], check=False).returncode
    if status != expect:
        problems.append(f"hotswap {arguments[0]}: status {status}, not {expect}")
    print(f"(exit status {status})", flush=True)
    return began


def steer(directory, line):
    with open(os.path.join(directory, "steer"), "w", encoding="ascii") as f:
        f.write(line + "\n")


def start_load(directory, port):
    client = subprocess.Popen(
        [os.path.join(BUILD, "load"), "--rate", str(RATE), "--kept", str(KEPT),
         "--slow", str(SLOW), "--slow-time", "1s", "--control",
         os.path.join(directory, "steer"), f"127.0.0.1:{port}"],
        stdout=subprocess.PIPE)
    while not os.path.exists(os.path.join(directory, "steer")):
        time.sleep(0.01)
    time.sleep(1)
    return client


def connections(report, generation):
    """First and last instant at which a new connection met a generation."""
    for g in report["generations"]:
        if g["generation"] == generation:
            return g["first_ns"], g["last_ns"]
    return None


def table(report, upgrade_ns, rollback_ns):
    say("\nWhat the clients saw")
    for g in report["generations"]:
        print(f"  {g['answers']:8} answers of generation {g['generation']} "
              f"({g['version']})")
    for failure in FAILURES:
        print(f"  {report[failure]:8} {failure.replace('_', ' ')}")
    print(f"  {report['gap']['ms']:8.1f} ms  longest time without an answer")
    new = connections(report, 2)
    if new is None:
        problems.append("generation 2 has answered nobody")
        return
    print(f"  {(new[0] - upgrade_ns) / 1e6:8.1f} ms  from `upgrade` to the "
          "first answer of the new version")
    print(f"  {max(0, new[1] - rollback_ns) / 1e6:8.1f} ms  from `rollback` to the "
          "last connection to the wrong one")
    if connections(report, 3) is not None:
        problems.append("the broken release has met users")
    if report["failures"]:
        problems.append(f"{report['failures']} requests failed")


def main():
    directory = tempfile.mkdtemp(prefix="hotswap-demo.")
    os.environ["HOTSWAP_RUNTIME_DIR"] = os.path.join(directory, "run")
    os.environ["HOTSWAP_STATE_DIR"] = os.path.join(directory, "state")
    port = free_port()
    health = f"http://127.0.0.1:{port}/"
    os.chdir(directory)
    client = None
    try:
        say("A server, version 1, under a supervisor")
        release(directory, "v1")
        hotswap("start", "-n", "web", "-l", f"127.0.0.1:{port}", "--health",
                health, "--health-interval", "200ms", "--bake", "2s",
                "--start-timeout", "3s", "--drain-timeout", "5s", "--",
                "./server")
        say(f"\nLoad: {RATE} new connections a second, {KEPT} kept alive, "
            f"{SLOW} slow requests always under way")
        client = start_load(directory, port)

        say("\nThe file is replaced by version 2")
        release(directory, "v2")
        upgrade_ns = hotswap("upgrade", "web")

        say("\nVersion 3 is broken: it answers every request with 500")
        release(directory, "v3", "--answer", "500")
        hotswap("upgrade", "web", expect=1)

        say("\nVersion 2 is not wanted after all")
        rollback_ns = hotswap("rollback", "web")
        time.sleep(1)
        hotswap("status", "web")

        steer(directory, "stop")
        report = json.loads(client.communicate()[0])
        hotswap("stop", "web")
        table(report, upgrade_ns, rollback_ns)
    finally:
        if client is not None and client.poll() is None:
            client.kill()
        if problems or sys.exc_info()[0] is not None:
            subprocess.run([HOTSWAP, "stop", "web", "--now"], check=False,
                           stderr=subprocess.DEVNULL)
        shutil.rmtree(directory, ignore_errors=True)
    for problem in problems:
        say("FAILED: " + problem, "31")
    if not problems:
        say("\nNobody noticed.", "32")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
