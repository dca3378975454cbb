#!/bin/sh
# SPDX-License-Identifier: ISC
# Run the simulator, and note what it did for tests/shown.py.
# Usage: run.sh SIMULATOR [SEED [ROLLOUTS [SECONDS [HOURS]]]]
set -u

said=$(mktemp)
trap 'rm -f "$said"' EXIT
trap 'exit 1' HUP INT TERM
{
	"$@"
	echo "$?" >"$said.status"
} | tee "$said"
status=$(cat "$said.status")
rm -f "$said.status"
tail -n 1 "$said" | sed -n '/no law is broken$/s/, /\n/gp' \
	>>"${HOTSWAP_FIGURES:-/dev/null}"
exit "$status"
