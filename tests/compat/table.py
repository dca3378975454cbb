# SPDX-License-Identifier: ISC
"""What was found, as Markdown, and into a file between markers."""

import subprocess

BEGIN, END = "<!-- compat -->", "<!-- /compat -->"
PHASES = (("upgrade", "upgrades"), ("rollback", "rollback"),
          ("crash", "crash"), ("restart", "restart"))
USERS = {"root": "root", "ordinary": "ordinary",
         "below": "`--user` below root"}
FAILURES = ("refused", "reset", "timed_out", "truncated", "wrong", "client")


def version(package):
    """Of a Debian package, without Debian's own part; "" if it is not one."""
    if not package:
        return ""
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package],
                          capture_output=True, text=True, check=False)
    return done.stdout.split(":")[-1].split("-")[0].split("+")[0]


def failures(phase):
    """`0`, or the classes: `3 reset, 1 truncated`."""
    if phase is None:
        return "-"
    found = [f"{phase[f]} {f.replace('_', ' ')}" for f in FAILURES if phase[f]]
    return ", ".join(found) or "0"


def cells(result):
    phases = result.get("phases", {})
    return [f"{result['server']} {result['version']}".strip(),
            USERS[result["user"]],
            result.get("backend", "-"),
            f"`{result['options']}`" if result["options"] else "",
            f"{result['rate']:,}/s",
            f"{result.get('requests', 0):,}",
            *(failures(phases.get(name)) for name, _ in PHASES)]


def line(result):
    return "| " + " | ".join(cells(result)) + " |"


def markdown(results):
    upgrades = results[0]["upgrades"]
    titles = ["server", "user", "shim", "options", "new", "requests",
              *(f"{upgrades} upgrades" if name == "upgrade" else title
                for name, title in PHASES)]
    return "\n".join(["| " + " | ".join(titles) + " |",
                      "|" + " --- |" * len(titles), *map(line, results)])


def write(path, results):
    """Replace what is between the markers."""
    with open(path, encoding="utf-8") as f:
        text = f.read()
    before, rest = text.split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    with open(path, "w", encoding="utf-8") as f:
        f.write(f"{before}{BEGIN}\n{markdown(results)}\n{END}{after}")
