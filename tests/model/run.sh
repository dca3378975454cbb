#!/bin/sh
# SPDX-License-Identifier: ISC
# Check the model of the fleet's protocol with Spin, and say how many states it
# has; then that each mutant of it fails, and that its witnesses, who claim that
# something never happens, do so too.  Usage: run.sh [short|whole]
set -eu

model=$(cd "$(dirname "$0")" && pwd)/fleet.pml
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM
cd "$scratch"
failed=0

# search OPTIMIZE DEFINITION...: all states; prints what pan says.
search() {
	optimize=$1
	shift
	# shellcheck disable=SC2046 # one word a definition
	spin -a $(printf -- '-D%s ' "$@") "$model" >spin.log || {
		cat spin.log
		exit 1
	}
	gcc "$optimize" -w -DSAFETY -DCOLLAPSE -DNOFAIR -o pan pan.c
	./pan -E -n -m1000000 -w20
}

# holds DEFINITION...: no state of it breaks a promise.
holds() {
	search -O2 "$@" >log
	states=$(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' log)
	if grep -q 'errors: 0' log && ! grep -q 'too small\|out of memory' log; then
		echo "holds in all $states states: $*"
	else
		echo "FAILS: $*"
		cat log
		failed=1
	fi
}

# breaks NAME DEFINITION...: a promise is broken.
breaks() {
	search -O0 "$@" >log
	if grep -q 'assertion violated' log; then
		echo "is found out: $1"
	else
		echo "IS NOT FOUND OUT: $1"
		failed=1
	fi
}

holds SNAPSHOT BEGINS=1 RESUMES=1
breaks MUTANT_SLOT_TTL SNAPSHOT
breaks MUTANT_CLAIM_WITHOUT_HALT SNAPSHOT
breaks MUTANT_CLAIM_WITHOUT_HOST SNAPSHOT
breaks MUTANT_GRANT_WITHOUT_RUNNING SNAPSHOT
if [ "${1:-short}" = whole ]; then
	holds BEGINS=1 RESUMES=1
	holds SNAPSHOT BEGINS=2 RESUMES=0
	breaks MUTANT_WITHDRAW_WITHOUT_HALT SNAPSHOT
	breaks MUTANT_HOSTS_READ_FIRST SNAPSHOT
	breaks MUTANT_ID_FORGOTTEN SNAPSHOT
	breaks MUTANT_BEGIN_FREES_SLOTS SNAPSHOT BEGINS=2 RESUMES=0
	breaks WITNESS_DONE SNAPSHOT BEGINS=2 RESUMES=0
	breaks WITNESS_RESUMED SNAPSHOT
	breaks WITNESS_HALTED SNAPSHOT
fi
exit "$failed"
