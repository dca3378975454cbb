#!/bin/sh
# SPDX-License-Identifier: ISC
# Run one test program or Bats file for tests/run.sh, which sets TEST_LOGS.
# Its output is printed whole when it ends, and kept below TEST_LOGS.
set -u

test=$1
name=$(basename "$test")
log=$(mktemp "$TEST_LOGS/$name.XXXXXX")

# apart COMMAND...: run it in a PID namespace and a network of its own.
# Processes that the tests leave end with it, nobody else has their addresses,
# and /proc shows only their own processes.  Without root it runs as it is: in a
# user namespace processes have rights that an ordinary user does not have.
apart() {
	if [ "$(id -u)" = 0 ] &&
	    unshare --pid --fork --mount-proc --net true 2>/dev/null; then
		# The shell stays, because the first process must reap orphans.
		set -- unshare --pid --fork --kill-child --mount-proc --net \
			sh -c 'ip link set lo up && "$@"; exit "$?"' sh "$@"
	fi
	"$@"
}

run() {
	case $test in
	*.bats) apart bats --tap --timing "$test" ;;
	*_fuzz)
		# What is said of thousands of bad inputs is of use where one ends it.
		"$test" "tests/fuzz/seeds/${name%_fuzz}" 2>"$log.said" && return
		set -- "$?"
		tail -n 40 "$log.said"
		return "$1"
		;;
	*)
		# What a test's servers say must not share a line with a result.
		status=0
		CMOCKA_MESSAGE_OUTPUT=TAP "$test" 2>"$log.said" || status=$?
		sed 's/^/# /' "$log.said"
		return "$status"
		;;
	esac
}

# seconds: what times(1) says of the children that have ended, as one figure.
seconds() {
	awk -F '[ms ]+' 'NR == 2 { printf "%.1f", 60 * ($1 + $3) + $2 + $4 }'
}

began=$(date +%s)
{
	echo "# $name"
	run || echo "# ended with status $?"
	took=$(($(date +%s) - began))
	times >"$log.times" # a subshell has children of its own
	echo "# end of $name: $took s, $(seconds <"$log.times") s of the" \
		"processor, $test"
	rm -f "$log.times"
} >"$log" 2>&1 </dev/null

{
	flock 9
	grep -v '^1\.\.' "$log"
} 9>"$TEST_LOGS/lock"
mv "$log" "$log.log"
