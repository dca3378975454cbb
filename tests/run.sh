#!/bin/sh
# SPDX-License-Identifier: ISC
# Run the unit tests and the end-to-end tests, REPEAT times, JOBS of them side
# by side, and say in one last line how many passed and failed.  Arguments:
# the tests to run (files below tests/, or names of unit tests); none: all of
# them.  A file that has a line "# alone: WHY" runs after the others.  There
# are four jobs a core if JOBS says nothing: the tests wait for most of their
# time.
set -u

build=${HOTSWAP_BUILD:?set by make}
case $build in /*) ;; *) build=$PWD/$build ;; esac
export HOTSWAP_BUILD="$build"
# The programs that ./deps.sh installs come first: the python3 of a version
# manager is a script, which takes longer to begin than many a test.
export PATH="/usr/bin:/usr/sbin:$PATH"
logs=$(mktemp -d)
export TEST_LOGS="$logs"
figures=${HOTSWAP_FIGURES:-/dev/null}
unset HOTSWAP_FIGURES # what tests run is no campaign
trap 'rm -rf "$logs"' EXIT
trap 'exit 1' HUP INT TERM

[ $# -gt 0 ] || set -- "$build"/unit/*_test "$build"/fuzz/*_fuzz tests/e2e/*.bats

# The seconds that each file took the last time, and where that is not known the
# number of its lines.  The longest begins first, so that no core is idle at the
# end.
times=$build/test_times

by_time() {
	while read -r test; do
		case $test in
		*.bats) echo "$(wc -l <"$test") $test" ;;
		*) echo "0 $test" ;;
		esac
	done | awk -v times="$times" '
		BEGIN { while ((getline <times) > 0) took[$2] = $1 }
		{ print ($2 in took ? took[$2] : $1), $2 }' |
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
	by_time <"$logs/together" | pool "${JOBS:-$(($(nproc) * 4))}"
	pool 1 <"$logs/alone"
	round=$((round + 1))
done

cat "$logs"/*.log >"$logs/all"
{
	sed -n 's/^# end of .*: \([0-9]*\) s, .*, \(.*\)/\1 \2/p' "$logs/all"
	[ ! -e "$times" ] || cat "$times"
} | awk '!seen[$2]++' >"$logs/times"
cp "$logs/times" "$times"

# A test program that dies has run fewer tests than it planned, or fails
# although no test of it failed.  tests/shown.py gets what each file showed.
awk -v figures="$figures" '
	function tell(name, tests, skipped, failed) {
		printf "= %s\n%d tests\n", name, tests >>figures
		if (skipped)
			print "? " skipped " tests were skipped" >>figures
		if (failed)
			print "! " failed " tests failed" >>figures
	}
	/^# ended with status/ { ended = 1 }
	/^(not )?ok .* # (SKIP|skip)/ { skipped++ }
	/^ok / || /^not ok .*# SKIP/ { passed++; seen++; next }
	/^not ok / { bad++; seen++ }
	/^1\.\.[0-9]+/ { planned += substr($1, 4) }
	/^# end of/ {
		if (planned > seen)
			bad += planned - seen
		bad = ended && !bad ? 1 : bad
		failed += bad
		name = $NF ~ /[.]bats$/ ? $NF : $4
		sub(/:$/, "", name)
		files[name]
		all[name] += seen
		missed[name] += skipped
		wrong[name] += bad
		planned = seen = bad = ended = skipped = 0
	}
	END {
		for (name in files) {
			tell(name, all[name], missed[name], wrong[name])
			tests += all[name]
			unseen += missed[name]
		}
		tell("", tests, unseen, failed)
		printf "%d passed, %d failed\n", passed, failed
		exit failed > 0 || passed == 0
	}' "$logs/all"
