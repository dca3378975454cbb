#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Real servers as Debian and npm have them, with no --listen at all: each is
upgraded under load, rolled back, killed, restarted, and killed once more when
another file has its program's name: as root, as an ordinary user, and as an
ordinary user below a supervisor that is root (--user).  Exit status 1 if any
request failed that was not in flight in the killed process.

  compat.py [OPTIONS] [SERVER...]   those whose names begin so; none: all"""

import argparse
import json
import os
import shutil
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import figures
import table
from campaign import Campaign, Failed, search_path
from server import BELOW, ROOT, WHO
from servers import SERVERS


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
                        help="put the rows between the markers in it; other "
                        "servers' rows stay")
    parser.add_argument("--alone", action="store_true",
                        help="without hotswap: what the server does itself")
    return parser.parse_args()


def chosen(names):
    for server in SERVERS:
        if not names or any(server.name.lower().startswith(name.lower())
                            for name in names):
            yield server


def users(server, options):
    """Other users than who runs this can be had by root alone."""
    if os.geteuid() != 0:
        return [ROOT]
    return [who for who in WHO
            if options.who in (None, who) and who not in server.cannot and
            not (options.alone and who == BELOW)]


def try_one(server, who, options):
    with Campaign(server, who, options.upgrades, options.rate) as campaign:
        try:
            campaign.alone() if options.alone else campaign.run()
        except Failed as failure:
            campaign.broke(failure)
        campaign.judge()
        if campaign.result["problems"]:
            print(campaign.log_tail(), file=sys.stderr)
        return campaign.result


def try_all(server, options):
    """The results of all users, which are told at once as well."""
    results = []
    for who in users(server, options):
        results.append(try_one(server, who, options))
        print(table.line(server, results[-1:]), who, flush=True)
        for problem in results[-1]["problems"]:
            print(f"  FAILED: {problem}", flush=True)
        for failed in results[-1].get("failed", ())[:3]:
            print(f"    {failed['phase']}: a {failed['kind']} one, "
                  f"{failed['outcome']}: {failed['detail']}", flush=True)
    return results


def main():
    options = arguments()
    if options.readme and (options.who or options.alone):
        sys.exit("--readme: a row is of all users, without --who or --alone")
    tried = []
    for server in chosen(options.servers):
        if server.needs and shutil.which(server.needs,
                                         path=search_path()) is None:
            print(f"{server.name}: {server.needs} is not here", flush=True)
            figures.note(f"? {server.needs} is not here")
            continue
        tried.append((server, try_all(server, options)))
        if options.readme:
            table.write(options.readme, SERVERS, tried[-1:])
    results = [result for _, results in tried for result in results]
    if options.json:
        with open(options.json, "w", encoding="utf-8") as f:
            json.dump(results, f, indent=1)
    failed = sum(bool(result["problems"]) for result in results)
    figures.note(f"{len(tried)} servers",
                 f"{sum(result['requests'] for result in results)} requests",
                 f"{len(results)} tried by their users, {failed} failed")
    print(f"{len(results)} tried, {failed} failed; load of the machine "
          f"{os.getloadavg()[2]:.1f}")
    return 1 if failed or not results else 0


if __name__ == "__main__":
    sys.exit(main())
