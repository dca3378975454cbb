#!/bin/sh
# SPDX-License-Identifier: ISC
# Run the unit tests and the end-to-end tests, REPEAT times, JOBS of them side
# by side, and say in one last line how many passed and failed.  Arguments:
# the tests to run (files below tests/, or names of unit tests); none: all of
# them.  A file that has a line "# alone: WHY" runs after the others.  There
# are two jobs a core if JOBS says nothing: the tests wait two thirds of their
# time.
set -u

build=${HOTSWAP_BUILD:?set by make}
case $build in /*) ;; *) build=$PWD/$build ;; esac
export HOTSWAP_BUILD="$build"
logs=$(mktemp -d)
export TEST_LOGS="$logs"
trap 'rm -rf "$logs"' EXIT
trap 'exit 1' HUP INT TERM

[ $# -gt 0 ] || set -- "$build"/unit/*_test "$build"/fuzz/*_fuzz tests/e2e/*.bats

# The seconds that each file took the last time.  The longest begins first, so
# that no core is idle at the end.
times=$build/test_times

by_time() {
	awk -v times="$times" '
		BEGIN { while ((getline <times) > 0) took[$2] = $1 }
		{ print ($0 in took ? took[$0] : 1000), $0 }' |
		sort -s -k 1,1 -n -r | cut -d ' ' -f 2-
}

# pool JOBS: run the tests whose names are on standard input.
pool() {
	xargs -r -n 1 -P "$1" tests/run_one.sh
}

for test; do
	case $test in
	*/*) ;;
	*_fuzz) test=$build/fuzz/$test ;;
	*) test=$build/unit/$test ;;
	esac
	if grep -qs '^# alone: ' "$test"; then
		echo "$test" >>"$logs/alone"
	else
		echo "$test" >>"$logs/together"
	fi
done
touch "$logs/alone" "$logs/together"

round=0
while [ "$round" -lt "${REPEAT:-1}" ]; do
	by_time <"$logs/together" | pool "${JOBS:-$(($(nproc) * 2))}"
	pool 1 <"$logs/alone"
	round=$((round + 1))
done

cat "$logs"/*.log >"$logs/all"
{
	sed -n 's/^# end of .*: \([0-9]*\) s, \(.*\)/\1 \2/p' "$logs/all"
	[ ! -e "$times" ] || cat "$times"
} | awk '!seen[$2]++' >"$logs/times"
cp "$logs/times" "$times"

# A test program that dies has run fewer tests than it planned, or fails
# although no test of it failed.
awk '
	/^# ended with status/ { ended = 1 }
	/^ok / || /^not ok .*# SKIP/ { passed++; seen++; next }
	/^not ok / { bad++; seen++ }
	/^1\.\.[0-9]+/ { planned += substr($1, 4) }
	/^# end of/ {
		if (planned > seen)
			bad += planned - seen
		failed += ended && !bad ? 1 : bad
		planned = seen = bad = ended = 0
	}
	END {
		printf "%d passed, %d failed\n", passed, failed
		exit failed > 0 || passed == 0
	}' "$logs/all"
