#!/bin/sh
# SPDX-License-Identifier: ISC
# Check the models of a rollout and of the fleet's protocol with Spin, and say how
# many states they have; then that each mutant of them fails, and that the
# witnesses, who claim that something never happens, do so too.
# Usage: run.sh [short|whole]; HOTSWAP_BUILD has model/tables, tests/model/tables.c
set -eu

models=$(cd "$(dirname "$0")" && pwd)
build=$(cd "${HOTSWAP_BUILD:-$models/../../build}" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM
cp "$models"/*.pml "$scratch"
cd "$scratch"
failed=0 total=0 found=0

# The whole search takes long: what its states take of memory is kept small, and
# it is compiled to be fast.  Of the short one compiling would take the most.
if [ "${1:-short}" = whole ]; then
	compile='-O2 -DCOLLAPSE'
else
	compile=-Og
fi

# search OPTIONS DEFINITION...: all states, with a search that is compiled with
# these options; prints what pan says.
search() {
	options=$1
	shift
	# shellcheck disable=SC2046 # one word a definition
	spin -a $(printf -- '-D%s ' "$@") "$model.pml" >spin.log || {
		cat spin.log
		exit 1
	}
	# shellcheck disable=SC2086 # one word an option
	gcc $options -w -DSAFETY -DNOFAIR -o pan pan.c
	# shellcheck disable=SC2086
	./pan $rest -n -m1000000 -w22
}

# holds DEFINITION...: no state of it breaks a promise.
holds() {
	search "$compile" "$@" >log
	states=$(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' log)
	took=$(sed -n 's/^pan: elapsed time \([0-9.e+]*\) .*/\1/p' log)
	memory=$(sed -n 's/^ *\([0-9.]*\).*total actual memory.*/\1/p' log)
	if grep -q 'errors: 0' log && ! grep -q 'too small\|out of memory' log; then
		echo "$model holds in all $states states ($took s, $memory MB): $*"
		total=$(awk "BEGIN { printf \"%d\", $total + $states }")
	else
		echo "FAILS: $model $*"
		cat log
		failed=1
	fi
}

# breaks NAME DEFINITION...: a promise is broken.
breaks() {
	search "-O0 -DCOLLAPSE" "$@" >log
	if grep -q 'assertion violated\|invalid end state' log; then
		echo "$model is found out: $1"
		found=$((found + 1))
	else
		echo "$model IS NOT FOUND OUT: $1"
		failed=1
	fi
}

# otherwise NAME SED: the tables with a change by this sed command break one.
otherwise() {
	mv tables.pml whole.pml
	sed "$2" whole.pml >tables.pml
	if cmp -s whole.pml tables.pml; then
		echo "the tables have no such row: $1"
		failed=1
	fi
	breaks "$1" COMMANDS=2
	mv whole.pml tables.pml
}

# A rollout must also come to rest: a state in which nothing can follow is one.
model=rollout
rest=
"$build/model/tables" >tables.pml
holds COMMANDS=2
breaks MUTANT_STEERED_BEFORE_COMMIT COMMANDS=2
breaks MUTANT_OUTCOME_TWICE COMMANDS=2
breaks MUTANT_HANDED_FOR_EVER COMMANDS=2
if [ "${1:-short}" = whole ]; then
	holds COMMANDS=3
	holds COMMANDS=2 KILLS=2 FAILURES=2
	breaks MUTANT_UNPARKED_IS_STOPPED COMMANDS=3
	breaks MUTANT_READY_WHILE_IT_STOPS COMMANDS=2
	breaks MUTANT_PROMOTED_WITHOUT_ALL COMMANDS=2
	breaks MUTANT_STOPPED_BEFORE_STEERED COMMANDS=2
	breaks MUTANT_TAKEN_BACK_WITHOUT_SHARE COMMANDS=2
	breaks MUTANT_STARTED_WHILE_IT_ENDS COMMANDS=2
	breaks MUTANT_PARKED_IS_TRUSTED COMMANDS=2
	otherwise ROW_READY_IS_CHECKED \
		'/STARTING && event == EVENT_READY/s/action.*/action = ACTION_SHIFT; state = ROLLOUT_BAKING; share = SHARE_ALL/'
	otherwise ROW_BAKE_ENDS '/event == EVENT_BAKED/d'
	otherwise ROW_MET_USERS \
		'/CHECKING && event == EVENT_HEALTHY/s/met = 1/met = 0/'
	otherwise ROW_REVIVE '/event == EVENT_VACATED.*REVIVE/d'
	otherwise ROW_ALONE \
		'/STOPPING && event == EVENT_VACATED/s/alone = 1;/alone = 0;/'
	otherwise ROW_SUCCESSOR_RESTORES \
		'/define FITS.*state == ROLLOUT_RESTORING/s/(.*)/(false)/'
	otherwise ROW_SUCCESSOR_SERVES_AS_WRITTEN \
		'/define FITS.*WRITTEN/s/(.*)/(false)/'
	otherwise ROW_SUCCESSOR_OLD_SERVES \
		'/define FITS.*STOPPING.*\[old\]/s/(.*)/(false)/'
fi

# A fleet may wait for ever, for a person.
model=fleet
rest=-E
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
printf '%s\n' "$total states" "$found mutants and witnesses found out" \
	>>"${HOTSWAP_FIGURES:-/dev/null}"
exit "$failed"
