# SPDX-License-Identifier: ISC
"""What was found, as Markdown, and into a file between markers: a row for each
server.  Rows of servers that were not tried this time stay."""

import re
import subprocess

from server import WHO

BEGIN, END = "<!-- compat -->", "<!-- /compat -->"
PHASES = (("upgrade", "upgrades"), ("rollback", "rollback"),
          ("crash", "crash"), ("restart", "restart"),
          ("replaced", "file replaced, crash"))
USERS = {"root": "root", "ordinary": "ordinary", "below": "`--user`"}
FAILURES = ("refused", "reset", "timed_out", "truncated", "wrong", "client")
TITLES = ("server", "options", "remarks", "shim", "new", "requests",
          *(title for _, title in PHASES))


def version(package):
    """Of a Debian package, without Debian's own part; "" if it is not one."""
    if not package:
        return ""
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package],
                          capture_output=True, text=True, check=False)
    return re.split("[-+~]", done.stdout.split(":")[-1])[0]


def failures(result, name):
    """`0`, or the classes: `3 reset, 1 truncated`."""
    if result.get("broke") == name:
        return "**failed**"
    phase = result.get("phases", {}).get(name)
    if phase is None:
        return "-"
    found = [f"{phase[f]} {f.replace('_', ' ')}" for f in FAILURES if phase[f]]
    return ", ".join(found) or "0"


def joined(values):
    """What most users have, and then who has something else."""
    every = list(values.values())
    usual = max(every, key=every.count, default="-")
    return "; ".join([usual, *(f"{USERS[who]}: {value}"
                               for who, value in values.items()
                               if value != usual)])


def remarks(server, results):
    """Why an option is needed, why it cannot be, and what went wrong."""
    words = [why for why in (server.why, *server.fails[1:], server.again)
             if why]
    words += [f"{USERS[who]}: cannot be, {why}"
              for who, why in server.cannot.items()]
    # What has a column of its own is said there.
    told = tuple(f"{name}: {{" for name, _ in PHASES)
    words += [f"**{USERS[result['user']]}: {problem}**".replace("|", "/")
              for result in results for problem in result["problems"]
              if not problem.startswith(told)]
    return "; ".join(" ".join(word.split()) for word in words)


def line(server, results):
    """A row: results are those of the users, of whom each has one at most."""
    def each(value):
        return joined({r["user"]: value(r) for r in results})
    cells = [
        f"{server.name} {server.version or version(server.package)}".strip(),
        f"`{' '.join(server.options)}`" if server.options else "",
        remarks(server, results),
        each(lambda r: r.get("backend", "-")),
        f"{results[0]['rate']:,}/s" if results else "",
        f"{sum(r.get('requests', 0) for r in results):,}",
        *(each(lambda r, name=name: failures(r, name))
          for name, _ in PHASES)]
    return "| " + " | ".join(cells) + " |"


def old_lines(text, servers):
    """The rows that are there, by the names of servers."""
    rows = text.strip().split("\n")
    if rows[0] != header():
        return {}
    names = sorted((server.name for server in servers), key=len, reverse=True)
    lines = {}
    for row in rows[2:]:
        for name in names:
            if row.startswith(f"| {name} "):
                lines[name] = row
                break
    return lines


def header():
    return "| " + " | ".join(TITLES) + " |"


def write(path, servers, tried):
    """Replace what is between the markers.  tried: results by server."""
    with open(path, encoding="utf-8") as f:
        text = f.read()
    before, rest = text.split(BEGIN, 1)
    old, after = rest.split(END, 1)
    lines = old_lines(old, servers)
    lines.update((server.name, line(server, results))
                 for server, results in tried)
    table = [header(), "|" + " --- |" * len(TITLES),
             *(lines[server.name] for server in servers
               if server.name in lines)]
    with open(path, "w", encoding="utf-8") as f:
        f.write(before + "\n".join([BEGIN, *table, END]) + after)
