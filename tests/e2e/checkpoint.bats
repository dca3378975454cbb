#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# What is held for a successor is spoiled, missing or of another version.  In
# each case the service goes on serving, and no program is started a second
# time.

load helper

spoil() {
	python3 "$BATS_TEST_DIRNAME/spoil.py" "$SUPERVISOR" "$@"
}

# supervisor_end: kill it, with no time to write again what was spoiled.
supervisor_end() {
	kill -KILL "$BEFORE"
}

# stop_supervisor: stop it, so that nothing that is held changes any more.
stop_supervisor() {
	PROGRAM=$(pid_of 1)
	BEFORE=$(supervisor)
	kill -STOP "$BEFORE"
}

# goes_on: another supervisor has taken over all that ran.
goes_on() {
	until_true other_supervisor "$BEFORE"
	[ "$(pid_of 1)" = "$PROGRAM" ]
	[ "$(version)" = v1 ]
	runs_once
	release server v2
	hotswap upgrade web
	[ "$(version)" = v2 ]
}

# runs_once: exactly one process of this test's server runs.
runs_once() {
	[ "$(running | wc -l)" = 1 ]
}

# is_left_alone WORDS: no supervisor runs, and all serves; the log says why.
is_left_alone() {
	until_true grep -q "$1" run.log
	[ "$(version)" = v1 ]
	kill -0 "$PROGRAM"
	runs_once
	expect 69 hotswap status web 2>said
	grep -q "no supervisor runs.*process $SUPERVISOR,.*$PROGRAM" said
	[ "$(version)" = v1 ]
	runs_once
}

@test "checkpoint: a spoiled file is made up for by the other one" {
	serve
	for which in newest oldest; do
		for how in flip cut empty; do
			echo "# $how $which"
			stop_supervisor
			spoil "$how" "$which"
			supervisor_end
			until_true other_supervisor "$BEFORE"
			[ "$(pid_of 1)" = "$PROGRAM" ]
			[ "$(version)" = v1 ]
			runs_once
		done
	done
	release server v2
	hotswap upgrade web
	[ "$(version)" = v2 ]
}

@test "checkpoint: both files spoiled: the program is left alone, and status says so" {
	serve
	stop_supervisor
	spoil flip both
	supervisor_end
	is_left_alone "checkpoint cannot be used: it is torn"
}

@test "checkpoint: of a version to come: the program is left alone" {
	serve
	stop_supervisor
	spoil future both
	supervisor_end
	is_left_alone "it has version 99, and this hotswap knows versions up to"
}

@test "checkpoint: without its files nothing is started anew" {
	serve
	stop_supervisor
	spoil drop checkpoint.0 "$BEFORE"
	spoil drop checkpoint.1 "$BEFORE"
	supervisor_end
	is_left_alone "but no checkpoint"
}

@test "checkpoint: a keeper without a supervisor ends the programs if it is asked to stop" {
	serve
	stop_supervisor
	spoil empty both
	supervisor_end
	until_true grep -q "checkpoint cannot be used" run.log
	kill -TERM "$SUPERVISOR"
	until_true grep -q "asked to stop" run.log
	until_true not kill -0 "$PROGRAM" 2>/dev/null
	expect 70 wait "$SUPERVISOR"
}

not() {
	! "$@"
}

@test "checkpoint: kill -CONT has a keeper that gave up try again" {
	serve
	stop_supervisor
	cat "/proc/$SUPERVISOR/fd/$(newest)" >good
	spoil empty both
	supervisor_end
	until_true grep -q "the supervisor does not come up" run.log
	cat good >"/proc/$SUPERVISOR/fd/$(newest)"
	kill -CONT "$SUPERVISOR"
	goes_on
}

# newest: the number of the descriptor in the keeper that has the newest
# checkpoint.
newest() {
	find "/proc/$SUPERVISOR/fd" -lname '/memfd:hotswap-checkpoint*' \
		-printf '%f\n' | head -n 1
}

@test "checkpoint: a missing descriptor costs what it was for, and nothing else" {
	local name names

	serve
	names=$(spoil names)
	for name in $names; do
		case $name in socket.* | checkpoint.0) continue ;; esac
		echo "# $name"
		stop_supervisor
		spoil drop "$name" "$BEFORE"
		supervisor_end
		until_true other_supervisor "$BEFORE"
		[ "$(pid_of 1)" = "$PROGRAM" ]
		[ "$(version)" = v1 ]
		runs_once
	done
	grep -q "every bind and listen of its program fails" run.log ||
		[ "$(echo "$names" | grep -c ^tap-)" = 0 ]
	release server v2
	hotswap upgrade web
	[ "$(version)" = v2 ]
}

@test "checkpoint: a missing socket is no reason for a second program" {
	serve
	name=$(spoil names | grep ^socket | head -n 1)
	stop_supervisor
	spoil drop "$name" "$BEFORE"
	supervisor_end
	until_true other_supervisor "$BEFORE"
	[ "$(pid_of 1)" = "$PROGRAM" ]
	[ "$(version)" = v1 ]
	runs_once
}

# saves: the number of times that the checkpoint was written.
saves() {
	grep -aoh 'hotswap-[a-z]* [0-9]* ' run/web.checkpoint.* |
		sort -nk 2 | tail -n 1 | cut -d ' ' -f 2
}

@test "checkpoint: an upgrade writes it six times at the most, a warm rollback twice" {
	local before

	serve
	until_true field_is .rollout.state idle
	before=$(saves)
	release server v2
	hotswap upgrade web
	[ "$(saves)" -le "$((before + 6))" ]
	# What is connected to the new one keeps it from coming to its end.
	exec 5<>"/dev/tcp/127.0.0.1/$PORT"
	until_true connected_to 2
	before=$(saves)
	hotswap rollback web
	[ "$(saves)" -le "$((before + 2))" ]
	exec 5>&-
}

connected_to() {
	generation "$1" .connections |
		grep -qx 1
}

@test "checkpoint: a keeper whose supervisor never came up, with no program, ends" {
	PORT=$(free_port)
	expect 70 strace -f -o trace -e trace=execveat \
		-e inject=execveat:error=EACCES \
		hotswap run -n web -l "127.0.0.1:$PORT" -- ./server 2>said
	grep -q "does not come up.*no program runs: the keeper ends" said
	expect 69 hotswap status web
	serve
	[ "$(version)" = v1 ]
}
