#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Asks Prometheus what Grafana would ask for a dashboard, from START until now.

grafana.py panels URL DASHBOARD START    each expression has data
grafana.py events URL DASHBOARD START    prints the annotations, a line of JSON
                                         for each

URL is that of Prometheus, START is in seconds.  Events are made of values as
Grafana's data source for Prometheus makes them: those whose times are no
further apart than the step are one.
"""
import json
import re
import sys
import time
import urllib.parse
import urllib.request

STEP = 1
RATE = 5  # of Grafana, for an interval of scrapes of one second: at least 4


def expand(expr, start):
    """Put in what Grafana puts in for its variables."""
    for name, value in (
            ("$__rate_interval_ms", str(RATE * 1000)),
            ("$__rate_interval", f"{RATE}s"),
            ("$__range", f"{int(time.time() - start) + 1}s"),
            ("$instance", ".*"), ("$service", ".*")):
        expr = expr.replace(name, value)
    assert "$" not in expr, expr
    return expr


def ask(url, expr, start):
    query = urllib.parse.urlencode({
        "query": expand(expr, start), "start": start, "end": time.time(),
        "step": STEP})
    with urllib.request.urlopen(f"{url}/api/v1/query_range?{query}") as reply:
        answer = json.load(reply)
    assert answer["status"] == "success", answer
    return answer["data"]["result"]


def label(text, labels):
    return re.sub(r"{{\s*(\w+)\s*}}", lambda m: labels.get(m[1], m[0]), text)


def events(note, series):
    """The events of one series; times are in milliseconds."""
    found = []
    for when, value in series["values"]:
        at = int(float(value)) if note["useValueForTime"] else int(when * 1000)
        if not note["useValueForTime"] and float(value) <= 0:
            continue
        if found and found[-1]["timeEnd"] + STEP * 1000 >= at:
            found[-1]["timeEnd"] = at
            continue
        found.append({"name": note["name"], "time": at, "timeEnd": at,
                      "title": label(note["titleFormat"], series["metric"]),
                      "text": label(note["textFormat"], series["metric"])})
    return found


def main():
    what, url, path, start = sys.argv[1:]
    start = float(start)
    with open(path, encoding="utf-8") as file:
        dashboard = json.load(file)
    notes = [note for note in dashboard["annotations"]["list"]
             if "expr" in note]
    if what == "events":
        for note in notes:
            assert note["expr"] == note["target"]["expr"]
            for series in ask(url, note["expr"], start):
                for event in events(note, series):
                    print(json.dumps(event))
        return
    asked = [(panel["title"], target["expr"])
             for panel in dashboard["panels"] for target in panel["targets"]]
    asked += [(note["name"], note["expr"]) for note in notes]
    empty = [title for title, expr in asked if not ask(url, expr, start)]
    assert not empty, f"no data for {empty}"
    print(f"{len(asked)} expressions have data")


main()
