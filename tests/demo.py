#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""The main job on real input: an unmodified nginx under load is upgraded,
broken releases are refused, the upgrade is rolled back, and nobody notices.
Shows each step and a closing table; exit status 1 if anything failed."""

import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import figures

BUILD = os.path.abspath(os.environ.get("HOTSWAP_BUILD", "build"))
HOTSWAP = os.path.join(BUILD, "bin", "hotswap")
RATE, KEPT, SLOW = 1000, 16, 3
NGINX = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
FAILURES = ("refused", "reset", "timed_out", "truncated", "wrong")

colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
problems = []


def say(text, code="1"):
    print(f"\033[{code}m{text}\033[0m" if colour else text, flush=True)


def release(directory, port, version, action):
    """Put nginx's configuration of this version in place."""
    path = os.path.join(directory, "nginx.conf")
    temporary = "".join(f"{kind}_temp_path tmp; " for kind in (
        "client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    with open(path + ".new", "w", encoding="ascii") as f:
        f.write(f"""
daemon off; error_log stderr crit; worker_processes 2; events {{ }}
http {{
    access_log off; {temporary}
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        add_header X-Version {version};
        location / {{ {action}; }}
        location = /slow {{ root .; limit_rate 1000; }}
    }}
}}
""")
    os.rename(path + ".new", path)


def prepare(directory):
    """What nginx needs there; its workers may be another user's."""
    os.chmod(directory, 0o755)
    os.mkdir(os.path.join(directory, "tmp"))
    with open(os.path.join(directory, "slow"), "w", encoding="ascii") as f:
        f.write("s" * 2000)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def hotswap(*arguments, expect=0):
    """Run a command as a person would; it must end with this status."""
    say("\n$ hotswap " + shlex.join(arguments), "36")
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


def connections(report, version):
    """First and last instant at which a new connection met a version."""
    for g in report["generations"]:
        if g["version"] == version:
            return g["first_ns"], g["last_ns"]
    return None


def table(report, upgrade_ns, rollback_ns):
    say("\nWhat the clients saw")
    figures.note(f"{report['requests']} requests",
                 f"{report['failures']} failed",
                 f"{report['gap']['ms']:.1f} ms the longest without an answer")
    for g in report["generations"]:
        print(f"  {g['answers']:8} answers of version {g['version'] or '-'}")
    for failure in FAILURES:
        print(f"  {report[failure]:8} {failure.replace('_', ' ')}")
    print(f"  {report['gap']['ms']:8.1f} ms  longest time without an answer")
    new = connections(report, "v2")
    if new is None:
        problems.append("version 2 has answered nobody")
        return
    print(f"  {(new[0] - upgrade_ns) / 1e6:8.1f} ms  from `upgrade` to the "
          "first answer of the new version")
    print(f"  {max(0, new[1] - rollback_ns) / 1e6:8.1f} ms  from `rollback` to the "
          "last connection to the wrong one")
    if connections(report, "v3") is not None:
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
        prepare(directory)
        say("nginx as it comes, version 1 of its configuration, under a "
            "supervisor")
        release(directory, port, "v1", 'return 200 "one"')
        hotswap("start", "-n", "web", "--health", health, "--health-interval",
                "200ms", "--bake", "2s", "--start-timeout", "3s", "--check",
                f"{NGINX} -t -q -p . -e stderr -c nginx.conf "
                "-g 'pid check.pid;'", "--stop-signal",
                "QUIT", "--", NGINX, "-p", directory, "-e", "stderr", "-c",
                "nginx.conf", "-g", "pid nginx.{generation}.pid;")
        say(f"\nLoad: {RATE} new connections a second, {KEPT} kept alive, "
            f"{SLOW} slow requests always under way")
        client = start_load(directory, port)

        say("\nVersion 2")
        release(directory, port, "v2", 'return 200 "two"')
        upgrade_ns = hotswap("upgrade", "web")

        say("\nVersion 3 is broken: it answers every request with 500")
        release(directory, port, "v3", "return 500")
        hotswap("upgrade", "web", expect=1)

        say("\nVersion 4 cannot even be read")
        release(directory, port, "v4", "retrun 200")
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
