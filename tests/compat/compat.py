#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Real servers as Debian has them, with no --listen at all: each is upgraded
under load, rolled back, killed and restarted: as root, as an ordinary user,
and as an ordinary user below a supervisor that is root (--user).  Exit status 1 if any request failed that was not in flight in the
killed process.

  compat.py [OPTIONS] [SERVER...]   those whose names begin so; none: all"""

import argparse
import json
import os
import shutil
import sys

import table
from campaign import BELOW, ORDINARY, ROOT, Campaign, Failed
from servers import SERVERS

WHO = (ROOT, ORDINARY, BELOW)


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n\n")[0],
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("servers", nargs="*", metavar="SERVER")
    parser.add_argument("--upgrades", type=int, default=5)
    parser.add_argument("--rate", type=int, default=1000,
                        help="new connections a second")
    parser.add_argument("--who", choices=WHO, help="only this one")
    parser.add_argument("--json", metavar="FILE",
                        help="write all that was found there")
    parser.add_argument("--readme", metavar="FILE",
                        help="put the table between the markers in it")
    parser.add_argument("--alone", action="store_true",
                        help="without hotswap: what the server does itself")
    return parser.parse_args()


def chosen(names):
    for server in SERVERS:
        if not names or any(server.name.startswith(name) for name in names):
            yield server


def users(only, alone):
    """Other users than who runs this can be had by root alone."""
    if os.geteuid() != 0:
        return [ROOT]
    return [who for who in WHO
            if only in (None, who) and not (alone and who == BELOW)]


def try_one(server, who, options):
    with Campaign(server, who, options.upgrades, options.rate) as campaign:
        try:
            campaign.alone() if options.alone else campaign.run()
        except Failed as failure:
            campaign.problems.append(str(failure))
        campaign.judge()
        result = campaign.result
        result["version"] = table.version(server.package)
        result["options"] = " ".join(server.options)
        if result["problems"]:
            print(campaign.log_tail(), file=sys.stderr)
    return result


def main():
    options = arguments()
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    results = []
    for server in chosen(options.servers):
        if server.needs and shutil.which(server.needs, path=path) is None:
            print(f"{server.name}: {server.needs} is not here", flush=True)
            continue
        for who in users(options.who, options.alone):
            result = try_one(server, who, options)
            results.append(result)
            print(table.line(result), flush=True)
            for problem in result["problems"]:
                print(f"  FAILED: {problem}", flush=True)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as f:
            json.dump(results, f, indent=1)
    if options.readme:
        table.write(options.readme, results)
    failed = sum(bool(result["problems"]) for result in results)
    print(f"{len(results)} tried, {failed} failed")
    return 1 if failed or not results else 0


if __name__ == "__main__":
    sys.exit(main())
