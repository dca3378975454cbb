#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What was shown when: doc/shown.ini, written by the targets of GNUmakefile, and
the last column of README.md's table of claims, made from it.

usage: shown.py run [--part] [--least FIGURE=N]... NAME COMMAND...
           run the target's command, and write down what it showed if it passed
           at full length; --part: it has not all that NAME shows
       shown.py table    make anew what README.md has of the record
       shown.py check    does README.md say what doc/shown.ini says, and can
                         what it names be run?

The command writes lines into the file HOTSWAP_FIGURES: "N WORDS" or any other
text is a figure, "= PART" begins what belongs to a part of its own ("= " ends
that), "! WHY" says that this part failed, and "? WHY" that it was not whole.  CONTRIBUTING.md says
what becomes of which run."""

import argparse
import collections
import configparser
import contextlib
import datetime
import fcntl
import os
import platform
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
RECORD, README = "doc/shown.ini", "README.md"
BEGIN, END = "<!-- claims -->", "<!-- /claims -->"
# Tables of README.md that are figures of a record, by their markers.
TABLES = {"others": "bench others"}
HEADER = "| claim | command | last shown |"
HEAD = """\
# What each target showed when it last ran whole: `make TARGET CLAIMS=1` writes
# it, nobody else.  See CONTRIBUTING.md.
"""
# Settings of a target that choose parts of it, each of which has a record.
CHOICES = ("TESTS", "BENCHES")
MOST = 3  # figures of one command in README.md; the record has all
INTERRUPTED = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


def path(name):
    return os.path.join(ROOT, name)


def read(name):
    with open(path(name), encoding="utf-8") as file:
        return file.read()


def write(name, text):
    """A reader finds the old text or the new one."""
    with open(path(name + ".new"), "w", encoding="utf-8") as file:
        file.write(text)
    os.rename(path(name + ".new"), path(name))


# THE RECORD

def read_record():
    record = configparser.ConfigParser(interpolation=None, delimiters="=",
                                       comment_prefixes="#")
    record.read(path(RECORD), encoding="utf-8")
    return record


def write_record(record):
    """A record for each name, so that Git merges those of two runs."""
    text = HEAD
    for name in sorted(record.sections()):
        text += f"\n[{name}]\n"
        for key, value in record[name].items():
            lines = value.strip().split("\n")
            text += f"{key} = {lines[0]}\n" if len(lines) == 1 else \
                f"{key} =\n" + "".join(f"\t{line}\n" for line in lines)
    write(RECORD, text)


# THE TREE

def git(*arguments):
    done = subprocess.run(["git", "-C", ROOT, *arguments], check=False,
                          stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit("shown: a record has a commit, and git does not tell it")
    return done.stdout


def without_tables(text):
    """README.md without what is made from records."""
    return re.sub(r"(<!-- (\w+) -->\n).*?(?=<!-- /\2 -->)", r"\1", text,
                  flags=re.S)


def state():
    """The commit, and what of the tree is not in it.  Records may differ:
    several are made before they are committed."""
    changed = [line[3:] for line in git("status", "--porcelain").splitlines()]
    committed = git("rev-parse", "HEAD").strip()
    if README in changed and without_tables(
            git("show", "HEAD:" + README)) == without_tables(read(README)):
        changed.remove(README)
    if os.path.exists(path("config.mak")):
        changed.append("config.mak")
    return committed, [name for name in changed if name != RECORD]


def settings():
    """Those that make was given, but that of this record."""
    words = shlex.split(os.environ.get("MAKEFLAGS", ""))
    given = words[words.index("--") + 1:] if "--" in words else []
    return shlex.join(sorted(word for word in given
                             if not word.startswith("CLAIMS=")))


def machine():
    who = "root" if os.geteuid() == 0 else "an ordinary user"
    return (f"{os.cpu_count()} cores, {platform.system()} "
            f"{platform.release()}, {who}")


# A RUN

def run_command(command, figures):
    """Its exit status, negative if it was interrupted."""
    interrupted = []
    child = None

    def interrupt(number, _):
        interrupted.append(number)
        if child is not None and number != signal.SIGINT:
            child.send_signal(number)  # the terminal sends SIGINT to both
    for number in INTERRUPTED:
        signal.signal(number, interrupt)
    child = subprocess.Popen(command, env=dict(os.environ,
                                               HOTSWAP_FIGURES=figures))
    status = child.wait()
    if interrupted:
        return -interrupted[0]
    return 128 - status if status < 0 else status  # as a shell tells a crash


def parts_of(text, name, status, part):
    """What was shown, by name: the figures, why it failed, why it was not
    whole."""
    now = {"figures": [], "failed": [], "short": []}
    parts = {name: now}
    if status != 0:
        now["failed"].append(f"exit status {status}")
    if part:
        now["short"].append("it was told to do a part")
    for line in text.splitlines():
        mark, words = line[:2], line[2:]
        if mark == "= ":
            now = parts.setdefault(f"{name} {words}".strip(), {
                "figures": [], "failed": [], "short": []})
        elif mark in ("! ", "? "):
            now["failed" if mark == "! " else "short"].append(words)
        elif line:
            now["figures"].append(line)
    return parts


def lacks(figures, least):
    """Which figure is less than this target must have."""
    found = {}
    for figure in figures:
        number, _, words = figure.partition(" ")
        if re.fullmatch(r"\d+(\.\d+)?", number):
            found[words] = float(number)
    for wanted in least:
        words, _, number = wanted.replace("_", " ").rpartition("=")
        if found.get(words, 0) < float(number):
            yield f"{found.get(words, 0):g} {words}, not {number}"


def note(record, name, shown, facts):
    """Put a run into the record, if it belongs there, and say so."""
    if shown["failed"]:
        entry = record[name] if record.has_section(name) else {}
        record[name] = {**entry, **{f"failed_{key}": value
                                    for key, value in facts.items()},
                        "failed_why": "; ".join(shown["failed"])}
        said = "recorded as failed"
    elif shown["short"]:
        said = "not recorded, it was not whole: " + "; ".join(shown["short"])
    else:
        record[name] = {**facts, "figures": "\n".join(shown["figures"])}
        said = "recorded"
    print(f"shown: {name}: {said}", file=sys.stderr)


def run(name, command, least, part):
    commit, changed = state()
    if changed:
        print(f"shown: {name} did not run: its record would name a commit, and "
              f"the tree differs from it: {' '.join(changed)[:400]}\n"
              "shown: commit that, or run it without CLAIMS=1",
              file=sys.stderr)
        return 2
    began = time.time()
    with tempfile.NamedTemporaryFile("r", encoding="utf-8") as figures:
        status = run_command(command, figures.name)
        parts = parts_of(figures.read(), name, status, part)
    parts[name]["short"] += lacks(parts[name]["figures"], least)
    if status < 0:
        print(f"shown: {name}: not recorded, it was interrupted",
              file=sys.stderr)
        return 128 - status
    if state() != (commit, []):
        print(f"shown: {name}: not recorded, the tree has changed while it ran",
              file=sys.stderr)
        return status
    keep(parts, {
        "date": datetime.date.fromtimestamp(began).isoformat(),
        "commit": commit, "settings": settings(), "machine": machine(),
        "seconds": f"{time.time() - began:.0f}"})
    return status


@contextlib.contextmanager
def alone():
    """Two targets that end at once write one after the other."""
    folder = os.open(path(os.path.dirname(RECORD)), os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def keep(parts, facts):
    """Those that a claim names: the record has no others."""
    with alone():
        record, text = read_record(), read(README)
        named = {name for row in rows(text) for name in names(row.command)}
        for name, shown in parts.items():
            if name in named:
                note(record, name, shown, facts)
        if record != read_record():
            write_record(record)
            write(README, with_tables(text, record))


# THE TABLE OF CLAIMS

Row = collections.namedtuple("Row", "claim command shown")


def rows(text):
    """Of the table between the markers."""
    table = text.split(BEGIN, 1)[1].split(END, 1)[0].strip().split("\n")
    if table[0] != HEADER:
        sys.exit(f"shown: {README}: the table of claims does not begin with "
                 + HEADER)
    return [Row(*re.fullmatch(r"\| (.*) \| (.*) \|(?: (.*))? \|",
                              line).groups()) for line in table[2:]]


def recorded():
    """The names that GNUmakefile's targets write."""
    return re.findall(r"\$\(call show,([\w -]+)", read("GNUmakefile"))


def commands(text):
    """Target and settings of each command in a row."""
    for span in re.findall(r"`([^`]*)`", text):
        words = shlex.split(span)
        yield span, words[1] if words[:1] == ["make"] and words[1:] else None, \
            dict(word.split("=", 1) for word in words[2:])


def names(text):
    """Those of the records that the commands of a row make."""
    for _, target, given in commands(text):
        chosen = [part for key in CHOICES
                  for part in given.get(key, "").split()]
        if chosen:
            yield from (f"{target} {part}" for part in chosen)
        else:
            yield from (name for name in recorded()
                        if name.split()[0] == target)


def told(entry, label):
    figures = [re.sub(r"^\d{4,}", lambda n: f"{int(n[0]):,}", figure)
               for figure in (entry["figures"].strip() or "passed").split("\n")
               if not figure.startswith("|")]
    return label + ", ".join(figures[:MOST]).replace("|", "/")


def when(entry, prefix=""):
    return f"{entry[prefix + 'date']} ({entry[prefix + 'commit'][:7]})"


def cell(record, row_names):
    """What the last column says: the oldest date, since the claim was shown
    whole no later."""
    entries = {name: record[name] for name in row_names
               if record.has_section(name)}
    failed = [f"**{name} failed** {when(entry, 'failed_')}"
              for name, entry in entries.items() if "failed_date" in entry]
    missing = [name for name in row_names
               if "date" not in entries.get(name, {})]
    if missing or not entries:
        failed.append("not yet" if missing == row_names
                      else "not yet: " + ", ".join(missing))
        return "; ".join(failed)
    oldest = min(entries.values(), key=lambda entry: entry["date"])
    text = f"{when(oldest)}: " + "; ".join(
        told(entry, "" if len(entries) == 1 or "/" in name else
             name.split(" ", 1)[-1] + ": ") for name, entry in entries.items())
    return "; ".join([*failed, ("passed " if failed else "") + text])


def with_column(text, record):
    before, rest = text.split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    table = [BEGIN, HEADER, "| --- | --- | --- |"]
    table += [f"| {row.claim} | {row.command} | "
              f"{cell(record, list(names(row.command)))} |"
              for row in rows(text)]
    return before + "\n".join([*table, END]) + after


def with_tables(text, record):
    """README.md as the record has it; a table that was never recorded stays."""
    for marker, name in TABLES.items():
        begin, end = f"<!-- {marker} -->\n", f"<!-- /{marker} -->"
        lines = [line for line in record.get(name, "figures", fallback="")
                 .split("\n") if line.startswith("|")]
        if lines and begin in text:
            before, rest = text.split(begin, 1)
            text = before + begin + "\n".join(lines) + "\n" + end + \
                rest.split(end, 1)[1]
    return with_column(text, record)


# IS ALL OF IT RIGHT?

FILES = {"TESTS": ("{}", "tests/unit/{}.c", "tests/fuzz/{}.c"),
         "BENCHES": ("tests/bench/{}_bench.py",)}


def wrong_command(span, target, given):
    """What is wrong with a claim's command."""
    if target not in re.findall(r"^([a-z-]+):.*##", read("GNUmakefile"), re.M):
        yield f"`{span}`: GNUmakefile has no such target"
    elif target not in {name.split()[0] for name in recorded()}:
        yield f"`{span}`: this target writes no record"
    for key, value in given.items():
        if key not in CHOICES:
            yield f"`{span}`: with {key}= it is no whole run"
        for part in value.split() if key in CHOICES else ():
            if not any(os.path.exists(path(where.format(part)))
                       for where in FILES[key]):
                yield f"`{span}`: there is no {part}"


def wrong():
    text, record = read(README), read_record()
    named = set()
    for row in rows(text):
        if not list(commands(row.command)):
            yield f"no command: {row.claim}"
        for command in commands(row.command):
            yield from wrong_command(*command)
        named.update(names(row.command))
    for name in record.sections():
        if name not in named:
            yield f"{RECORD}: no claim names {name}"
    if with_tables(text, record) != text:
        yield f"{README} does not say what {RECORD} says: make claims"


def main():
    parser = argparse.ArgumentParser(
        usage=__doc__.split("usage: ")[1].split("\n\n")[0])
    does = parser.add_subparsers(dest="does", required=True)
    runs = does.add_parser("run", usage=argparse.SUPPRESS)
    runs.add_argument("--part", action="store_true")
    runs.add_argument("--least", action="append", default=[])
    runs.add_argument("name")
    runs.add_argument("command", nargs=argparse.REMAINDER)
    does.add_parser("table", usage=argparse.SUPPRESS)
    does.add_parser("check", usage=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.does == "run":
        return run(options.name, options.command, options.least, options.part)
    if options.does == "table":
        with alone():
            write(README, with_tables(read(README), read_record()))
        return 0
    problems = list(wrong())
    for problem in problems:
        print(f"shown: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
