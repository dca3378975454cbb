#!/bin/sh
# SPDX-License-Identifier: ISC
# The campaign of `make faults`: two halves side by side, each with half of the
# faults.  Results are kept below the build, and a run that was stopped goes on
# from there; FRESH=1 begins anew.
set -u
cd "$(dirname "$0")/../.." || exit 1

RESULTS=${RESULTS:-$HOTSWAP_BUILD/faults/results}
[ -z "${FRESH:-}" ] || rm -rf "$RESULTS"
mkdir -p "$RESULTS"
export RESULTS

SHARD=0/2 python3 tests/faults/campaign.py "$@" &
first=$!
SHARD=1/2 python3 tests/faults/campaign.py "$@"
status=$?
wait "$first" || status=1
exit "$status"
