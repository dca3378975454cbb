#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What the shim costs: nginx's throughput over kept connections with it, by
that without it, and the time of a bind through the supervisor.

The three servers take turns, in another order each round, so that what else
the machine does is in all of them; server and client have a core each.  They
are started anew in each block: where a process lies in memory is worth some
percent, for as long as it lives.
BLOCKS, ROUNDS, SECONDS and BINDS are settings."""

import json
import os
import re
import shutil
import subprocess
import sys

import rig

BLOCKS = rig.setting("BLOCKS", 10)
ROUNDS = rig.setting("ROUNDS", 6)
SECONDS = rig.setting("SECONDS", 1)
BINDS = rig.setting("BINDS", 300)
KEPT = 16  # connections
SHIMS = ("off", "seccomp", "preload")
LEAST = {"seccomp": 0.98, "preload": 0.995}
MOST_US = 200

NGINX = """\
error_log stderr;
events {{ worker_connections 256; }}
http {{
    access_log off;
    keepalive_requests 100000000;
    client_body_temp_path {dir};
    proxy_temp_path {dir};
    fastcgi_temp_path {dir};
    uwsgi_temp_path {dir};
    scgi_temp_path {dir};
    server {{ listen 127.0.0.1:{port}; root {dir}/www; }}
}}
"""

BINDER = """\
import json, os, socket, sys, threading, time
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
def serve():
    while True:
        server.accept()[0].close()
threading.Thread(target=serve).start()
times = []
for i in range(int(sys.argv[2])):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        address = s.getsockname()
    with socket.socket() as s:
        began = time.perf_counter_ns()
        s.bind(address)
        times.append((time.perf_counter_ns() - began) / 1000)
with open("times.new", "w") as f:
    json.dump(times, f)
os.rename("times.new", "times")
"""


def on_cpu(number, *command):
    """One core for the server, the other for its client."""
    return ["taskset", "-c", str(number % os.cpu_count()), *command]


def start(web, shim, *program):
    command = on_cpu(0, rig.HOTSWAP, "run", "-n", shim, "--shim", shim, "--",
                     *program)
    web.processes.append(subprocess.Popen(command, stdout=web.output,
                                          stderr=web.output))
    rig.until(lambda: os.path.exists(f"run/{shim}.sock"), "a control socket")
    web.hotswap("wait", shim, "--for", "ready", "--timeout", "10s")


def start_nginx(web, shim):
    """One that serves a file; returns its port."""
    port = rig.free_port()
    directory = os.path.join(web.directory, shim)
    os.makedirs(os.path.join(directory, "www"))
    with open(f"{shim}/www/index.html", "w", encoding="ascii") as f:
        f.write("x" * 1024)
    with open(f"{shim}/nginx.conf", "w", encoding="ascii") as f:
        f.write(NGINX.format(dir=directory, port=port))
    start(web, shim, "nginx", "-e", "stderr", "-p", directory, "-c",
          "nginx.conf", "-g", f"daemon off; pid {directory}/pid;")
    return port


def throughput(port):
    """Requests a second, every one answered."""
    done = subprocess.run(
        on_cpu(1, "wrk", "-t1", f"-c{KEPT}", f"-d{SECONDS}s",
               f"http://127.0.0.1:{port}/"),
        check=True, capture_output=True, text=True)
    if "Socket errors" in done.stdout or "Non-2xx" in done.stdout:
        raise RuntimeError(done.stdout)
    return float(re.search(r"Requests/sec:\s*([\d.]+)", done.stdout)[1])


def measure(web, rates):
    """One block of rounds, added to the rates."""
    ports = {shim: start_nginx(web, shim) for shim in SHIMS}
    for port in ports.values():
        throughput(port)
    for i in range(ROUNDS):
        for shim in SHIMS[i % 3:] + SHIMS[:i % 3]:
            rates[shim].append(throughput(ports[shim]))
    for shim in SHIMS:
        web.hotswap("stop", shim, "--now")
        shutil.rmtree(shim)


def compare(web):
    rates = {shim: [] for shim in SHIMS}
    for _ in range(BLOCKS):
        measure(web, rates)
    print(f"    without: median {rig.median(rates['off']):.0f} requests/s")
    for shim, least in LEAST.items():
        ratios = sorted(a / b for a, b in zip(rates[shim], rates["off"]))
        web.claim(rig.median(ratios) >= least,
                  f"{shim}: throughput by that without: median "
                  f"{rig.median(ratios):.3f} of {len(ratios)} pairs (half of "
                  f"them {ratios[len(ratios) // 4]:.3f} to "
                  f"{ratios[3 * len(ratios) // 4]:.3f}); claimed {least}")


def time_binds(web, shim):
    with open("binder.py", "w", encoding="ascii") as f:
        f.write(BINDER)
    start(web, shim, "python3", "binder.py", str(rig.free_port()), str(BINDS))
    rig.until(lambda: os.path.exists("times"), "the times of binds")
    with open("times", encoding="ascii") as f:
        times = json.load(f)
    os.unlink("times")
    web.hotswap("stop", shim, "--now")
    return rig.median(times)


def main():
    if shutil.which("wrk") is None:
        print("wrk is not here: make bench installs it")
        return 1
    os.environ["PATH"] += ":/usr/sbin"
    rig.be_undisturbed()
    with rig.Rig() as web, open("log", "ab") as web.output:
        os.chmod(web.directory, 0o755)  # nginx's workers are another user
        compare(web)
        for shim in SHIMS:
            us = time_binds(web, shim)
            text = f"bind with --shim {shim}: median {us:.0f} us"
            web.claim(shim == "off" or us <= MOST_US, text)
        return web.verdict()


if __name__ == "__main__":
    sys.exit(main())
