# SPDX-License-Identifier: ISC
"""Run nginx on ports that the kernel chose, without a race for them.

usage: nginx.py DIRECTORY TEMPLATE

Binds a socket for each @NAME@ and each [::1] @NAME6@ in TEMPLATE, writes
DIRECTORY/nginx.conf with the ports in their places (and @DIR@), NAME=PORT
lines into DIRECTORY/ports, and hands the sockets over as nginx's own upgrade
does, in the environment variable NGINX.
"""
import os
import re
import socket
import sys

directory, template = sys.argv[1:]
with open(template, encoding="ascii") as file:
    text = file.read().replace("@DIR@", directory)
ports, inherited = {}, ""
for name in sorted(set(re.findall("@([A-Z0-9]+)@", text))):
    six = name.endswith("6")
    sock = socket.socket(socket.AF_INET6 if six else socket.AF_INET)
    if six:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    sock.bind(("::1" if six else "127.0.0.1", 0))
    sock.listen(64)
    fd = os.dup(sock.fileno())
    os.set_inheritable(fd, True)
    inherited += f"{fd};"
    ports[name] = sock.getsockname()[1]
    text = text.replace(f"@{name}@", str(ports[name]))
with open(f"{directory}/nginx.conf", "w", encoding="ascii") as file:
    file.write(text)
with open(f"{directory}/ports", "w", encoding="ascii") as file:
    file.writelines(f"{name}={port}\n" for name, port in ports.items())
os.environ["NGINX"] = inherited
os.execvp("nginx", ["nginx", "-e", f"{directory}/error.log",
                    "-p", directory, "-c", f"{directory}/nginx.conf"])
