#!/bin/sh
# Run the unit tests and the end-to-end tests, REPEAT times, and say in one
# last line how many passed and failed.  Arguments: the tests to run (files
# below tests/, or names of unit tests); none: all of them.
set -u

build=${HOTSWAP_BUILD:?set by make}
case $build in /*) ;; *) build=$PWD/$build ;; esac
export HOTSWAP_BUILD="$build"
log=$(mktemp)
said=$(mktemp)
trap 'rm -f "$log" "$said"' EXIT

[ $# -gt 0 ] || set -- "$build"/unit/*_test "$build"/fuzz/*_fuzz tests/e2e/*.bats

run() {
	case $1 in
	*.bats) bats --tap "$1" ;;
	*_fuzz)
		seeds=$(basename "$1" _fuzz)
		# What is said of 20,000 bad inputs is of use where one ends it.
		"$1" "tests/fuzz/seeds/$seeds" 2>"$said" && return
		set -- "$?"
		tail -n 40 "$said"
		return "$1"
		;;
	*) CMOCKA_MESSAGE_OUTPUT=TAP "$1" ;;
	esac
}

round=0
while [ "$round" -lt "${REPEAT:-1}" ]; do
	for test; do
		case $test in
		*/*) ;;
		*_fuzz) test=$build/fuzz/$test ;;
		*) test=$build/unit/$test ;;
		esac
		echo "# $(basename "$test")"
		run "$test" 2>&1 || echo "# ended with status $?"
		echo "# end of $(basename "$test")"
	done
	round=$((round + 1))
done | tee "$log" | grep --line-buffered -v '^1\.\.'

# A test program that dies has run fewer tests than it planned.
awk '
	/^ok / { passed++; seen++ }
	/^not ok / { failed++; seen++ }
	/^1\.\.[0-9]+/ { planned += substr($1, 4) }
	/^# end of/ { if (planned > seen) failed += planned - seen; planned = seen = 0 }
	END {
		printf "%d passed, %d failed\n", passed, failed
		exit failed > 0 || passed == 0
	}' "$log"
