#!/bin/sh
# SPDX-License-Identifier: ISC
# The campaign of `make faults`: two halves side by side, each with half of the
# faults, and then the call sites that were reached and those that were not.
# Results are kept below the build, by commit, and a run that was stopped goes
# on from there; FRESH=1 begins anew.
set -u
cd "$(dirname "$0")/../.." || exit 1

commit=$(git describe --always --dirty 2>/dev/null || echo none)
RESULTS=${RESULTS:-$HOTSWAP_BUILD/faults/results/$commit}
[ -z "${FRESH:-}" ] || rm -rf "$RESULTS"
mkdir -p "$RESULTS"
export RESULTS

SHARD=0/2 python3 tests/faults/campaign.py "$@" &
first=$!
SHARD=1/2 python3 tests/faults/campaign.py "$@"
status=$?
wait "$first" || status=1
python3 tests/faults/reached.py "$RESULTS" >"$RESULTS/reached"
head -n 1 "$RESULTS/reached"
{
	echo "$(cat "$RESULTS"/*.[01].2 | wc -l) faults"
	head -n 1 "$RESULTS/reached" | sed 's/; /\n/g'
} >>"${HOTSWAP_FIGURES:-/dev/null}"
echo "the sites that were not reached, with reasons: $RESULTS/reached"
exit "$status"
