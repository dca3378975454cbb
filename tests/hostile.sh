#!/bin/sh
# SPDX-License-Identifier: ISC
# Run the tests of hostile programs with commands all the time, and print how
# long the slowest command took under each attack.
set -u

HOSTILE_TIMES=$(mktemp)
export HOSTILE_TIMES HOSTILE_RATE=1000
export TRIES="${TRIES:-200}" # as often a name is swapped for a link
trap 'rm -f "$HOSTILE_TIMES"' EXIT
tests/run.sh tests/e2e/hostile_*.bats
status=$?
awk -F '\t' '
	{ n[$2]++; sum[$2] += $1; if ($1 > most[$2]) most[$2] = $1 }
	END {
		for (test in n)
			printf "%6d commands, %5.0f ms on average, %5.0f ms at the most: %s\n",
			    n[test], sum[test] / n[test] / 1000, most[test] / 1000, test
	}' "$HOSTILE_TIMES" | sort -k 9
awk -F '\t' '
	$1 > most { most = $1 }
	END { printf "%d commands\n%.0f ms the slowest\n", NR, most / 1000 }
	' "$HOSTILE_TIMES" >>"${HOTSWAP_FIGURES:-/dev/null}"
exit "$status"
