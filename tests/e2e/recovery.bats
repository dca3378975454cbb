#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The supervisor is killed, and nobody notices.

load helper

# supervisor_kill: kill the supervisor with SIGKILL, and wait until another one
# answers.
supervisor_kill() {
	local before

	before=$(supervisor)
	kill -KILL "$before"
	until_true other_supervisor "$before"
}

@test "kill -9: the program goes on, and the service keeps its PID" {
	serve
	program=$(pid_of 1)
	supervisor_kill
	[ "$(field .pid)" = "$SUPERVISOR" ]
	[ "$(pid_of 1)" = "$program" ]
	[ "$(version)" = v1 ]
}

@test "kill -9: an upgrade and a rollback work afterwards" {
	serve
	supervisor_kill
	release server v2
	hotswap upgrade web
	[ "$(version)" = v2 ]
	supervisor_kill
	hotswap rollback web
	[ "$(version)" = v1 ]
	is_role 2 draining || until_true is_role 2 retired
}

@test "kill -9: under load no request fails, whatever is under way" {
	serve
	load_begin --rate 1000 --kept 8
	for n in 2 3 4 5; do
		release server "v$n"
		hotswap upgrade web --no-wait
		supervisor_kill
		hotswap wait web --for idle --timeout 100s
	done
	load_end
}

@test "kill -9 in the bake: the candidate had all the traffic, and stays" {
	serve --bake 15s
	release server v2
	hotswap upgrade web --no-wait
	until_true is_version v2
	supervisor_kill
	[ "$(version)" = v2 ]
	[ "$(field .rollout.state)" = baking ]
	hotswap wait web --for idle --timeout 100s
	[ "$(field .active)" = 2 ]
	hotswap history web --json >history
	[ "$(field .result history)" = promoted ]
}

@test "kill -9 once the history says promoted: it stays so, though the candidate ends" {
	local tracer before program

	serve --bake 1h
	release server v2
	before=$(supervisor)
	# As it closes the history, which it has written.
	strace -qq -o /dev/null -P "$HOTSWAP_STATE_DIR/web/history" \
		-e trace=close -e inject=close:signal=KILL -p "$before" \
		2>/dev/null 3>&- &
	tracer=$!
	PIDS+=("$tracer")
	until_true grep -q "TracerPid:	$tracer" "/proc/$before/status"
	hotswap upgrade web --no-wait
	until_true field_is .rollout.state baking
	kill -STOP "$SUPERVISOR" # the keeper, which starts the successor
	program=$(pid_of 2)
	hotswap promote web >promote.log 2>&1 3>&- &
	wait "$tracer" # it ends with the supervisor
	kill -KILL "$program"
	kill -CONT "$SUPERVISOR"
	until_true is_version v2
	hotswap wait web --for idle --timeout 100s
	[ "$(field .active)" = 2 ]
	[ "$(field .last.result)" = promoted ]
	[ "$(hotswap history web --json | grep -c '"to"')" = 1 ]
}

@test "kill -9 before the candidate serves: it is taken back, and history says so" {
	release server v1 --notify
	serve --start-timeout 30s --ready notify
	release server v2 --notify --ready-after 20000
	hotswap upgrade web --no-wait
	until_true is_role 2 candidate
	supervisor_kill
	until_true is_role 2 failed
	[ "$(version)" = v1 ]
	hotswap history web --json >history
	[ "$(field .result history)" = aborted ]
	grep -q "supervisor ended" history
}

@test "kill -9 as a first start has failed: the service ends with that, and stays ended" {
	local status=0 tracer supervisor

	release server v1 --hang-before-serve --ignore-sigterm
	hotswap run -n web -l 127.0.0.1:0 --start-timeout 15s --stop-timeout 1s \
		-- ./server >>run.log 2>&1 3>&- &
	SUPERVISOR=$!
	PIDS+=("$SUPERVISOR")
	until_true field_is .rollout.state checking
	supervisor=$(supervisor)
	# As it tells that the first one is taken back.
	strace -qq -o /dev/null -P "$PWD/run.log" -e trace=write \
		-e inject=write:signal=KILL -p "$supervisor" 2>/dev/null 3>&- &
	tracer=$!
	PIDS+=("$tracer")
	until_true grep -q "TracerPid:	$tracer" "/proc/$supervisor/status"
	wait "$SUPERVISOR" || status=$?
	[ "$status" -ne 0 ]
	grep -q "stopped$" run.log
	[ -z "$(running)" ]
}

@test "kill -9: a program that dies meanwhile is started again with its status told" {
	serve
	program=$(pid_of 1)
	kill -STOP "$SUPERVISOR"
	kill -KILL "$(supervisor)"
	kill -TERM "$program"
	kill -CONT "$SUPERVISOR"
	until_true is_version v1
	until_true grep -q "active \(exited with\|killed by\)" run.log
	[ "$(pid_of 1)" != "$program" ]
}

@test "kill -9 again and again: descriptors, processes and shares are as at first" {
	serve --keep 0
	for n in 2 3 4 5 6; do
		release server "v$n"
		supervisor_kill
		hotswap upgrade web
		supervisor_kill
	done
	[ "$(version)" = v6 ]
	until_true is_role 5 retired
	[ "$(field '[.generations[] | select(.pid > 0).share]')" = '[100]' ]
	# Checkpoint, events, program, lock, control, one of each image, and for the
	# one that runs its socket, notification socket and shim; the closer.
	few_descriptors() {
		[ "$(find "/proc/$SUPERVISOR/fd" | wc -l)" -lt 26 ]
	}
	until_true few_descriptors
	# The supervisor, the program, the closer, and the keeper's partner.
	few_children() {
		[ "$(pgrep -c -P "$SUPERVISOR")" -le 4 ]
	}
	until_true few_children
}

@test "stop after kill -9: all processes end, and the keeper with 0" {
	serve
	program=$(pid_of 1)
	supervisor_kill
	hotswap stop web
	expect 0 wait "$SUPERVISOR"
	expect 1 kill -0 "$program" 2>/dev/null
}

# hiding_kill COMMAND...: the command lets a generation end.  The supervisor is
# killed once it has hidden the first of its sockets, before it has said so.
hiding_kill() {
	local before tracer

	before=$(supervisor)
	rm -f trace
	strace -p "$before" -o trace -e trace=setsockopt \
		-e inject=setsockopt:delay_exit=200000 2>strace.log 3>&- 5>&- &
	tracer=$!
	PIDS+=("$tracer")
	until_true grep -q attached strace.log
	"$@"
	until_true grep -q SO_BINDTOIFINDEX trace
	kill -KILL "$before"
	kill "$tracer" 2>/dev/null || true
	wait "$tracer" || true
	until_true other_supervisor "$before"
}

term_old() {
	kill -TERM "$(cat own.pid.oldbin)"
}

# let_go: close the connection that holds the drain.
let_go() {
	exec 5>&-
}

@test "kill -9: a parked generation whose sockets are hidden ends, and nobody misses it" {
	serve --pidfile own.pid
	release server v2
	hotswap upgrade web
	load_begin --rate 500 --kept 4
	hiding_kill term_old
	until_true is_role 1 retired
	hotswap rollback web
	[ "$(version)" = v1 ]
	hotswap rollback web --to 2
	[ "$(version)" = v2 ]
	load_end
}

@test "kill -9: a generation that drains and whose sockets are hidden ends, and nobody misses it" {
	serve --keep 0
	exec 5<>"/dev/tcp/127.0.0.1/$PORT"
	until_true field_is '.generations[0].connections' 1
	release server v2
	hotswap upgrade web
	is_role 1 draining
	load_begin --rate 500 --kept 4 5>&-
	hiding_kill let_go
	until_true is_role 1 retired
	release server v3
	hotswap upgrade web
	[ "$(version)" = v3 ]
	hotswap rollback web
	[ "$(version)" = v2 ]
	load_end
}

@test "reexec while hidden sockets are still open: upgrades and rollbacks work, and nobody misses them" {
	release server v1 --ignore-sigterm
	serve --keep 0 --stop-timeout 4s
	load_begin --rate 500
	release server v2
	hotswap upgrade web
	until_true grep -q "generation 1: no connection left" run.log
	hotswap reexec web
	release server v3
	hotswap upgrade web
	[ "$(version)" = v3 ]
	hotswap rollback web
	[ "$(version)" = v2 ]
	until_true is_role 1 retired
	load_end
}

# counters: print them, and all else that does not change by itself.
counters() {
	hotswap metrics web | grep -v -e '^#' -e generation_start_time_seconds \
		-e left_seconds
}

@test "kill -9: pid files and counters say what they said" {
	serve --pidfile own.pid --child-pidfile child.pid
	release server v2
	hotswap upgrade web
	counters >before
	supervisor_kill
	until_true test -e own.pid.oldbin
	[ "$(cat own.pid)" = "$SUPERVISOR" ]
	[ "$(cat child.pid)" = "$(pid_of 2)" ]
	[ "$(cat child.pid.oldbin)" = "$(pid_of 1)" ]
	kill -0 "$(cat own.pid.oldbin)"
	counters >after
	diff before after
	kill -HUP "$(cat own.pid.oldbin)"
	until_true is_version v1
}

@test "kill -9: a program whose status is no UTF-8 is still known" {
	cat >tell.py <<'SCRIPT'
import os, socket, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect(os.environ["NOTIFY_SOCKET"])
s.send(b"READY=1\nSTATUS=a\xffb" + b"\xc3\xa4" * 200)
time.sleep(600)
SCRIPT
	hotswap run -n web --ready notify --shim off -- "$(command -v python3)" \
		"$PWD/tell.py" >>run.log 2>&1 3>&- &
	SUPERVISOR=$!
	PIDS+=("$SUPERVISOR")
	until_true hotswap wait web --for ready --timeout 10s 2>/dev/null
	program=$(pid_of 1)
	supervisor_kill
	[ "$(pid_of 1)" = "$program" ]
	field '.generations[0].status' | grep -q "^a?bä"
	hotswap stop web --now
}

@test "a signal that comes while the supervisor is away is passed on" {
	serve
	kill -STOP "$SUPERVISOR"
	kill -KILL "$(supervisor)"
	kill -TERM "$SUPERVISOR"
	kill -CONT "$SUPERVISOR"
	expect 0 wait "$SUPERVISOR"
}

@test "kill -9 in each state: the rollout ends as the rule says" {
	HOTSWAP_BUILD=$BUILD python3 "$BATS_TEST_DIRNAME/../states.py" \
		passed nginx exclusive
}

@test "kills: killed at random instants under load, it loses no request" {
	HOTSWAP_BUILD=$BUILD python3 "$BATS_TEST_DIRNAME/../kills.py" 15 500
}

@test "kill -9 between fork and execve: there is no second program afterwards" {
	serve --shim off
	release server v2
	program=$(pid_of 1)
	before=$(supervisor)
	strace -f -p "$before" -o trace -e trace=setsid,execve \
		-e inject=setsid:delay_enter=2000000 2>strace.log 3>&- &
	tracer=$!
	until_true grep -q attached strace.log
	kill -KILL "$program"
	until_true grep -q setsid trace
	kill -KILL "$before"
	until_true child_is_done
	kill "$tracer" 2>/dev/null || true
	until_true other_supervisor "$before"
	until_true is_version v1
	hotswap upgrade web
	[ "$(version)" = v2 ]
	[ "$(servers)" = 2 ]
}

# child_is_done: the child of the killed supervisor has ended, too, or has
# become a server.
child_is_done() {
	[ "$(grep -c "killed by SIGKILL" trace)" = 2 ] ||
		grep -q "execve.* = 0" trace
}

# servers: print how many processes of this test's server there are.
servers() {
	running | wc -l
}

@test "an error of recv(2) is not the keeper's end" {
	serve
	supervisor_kill
	program=$(pid_of 1)
	strace -p "$(supervisor)" -o trace -e trace=recvfrom \
		-e inject=recvfrom:error=ENOMEM:when=1 2>strace.log 3>&- &
	tracer=$!
	until_true grep -q attached strace.log
	# The keeper reaps the program, and tells.
	kill -KILL "$program"
	until_true grep -q INJECTED trace
	kill "$tracer"
	wait "$tracer" || true
	until_true is_version v1
	if grep "the keeper has ended" run.log; then false; fi
	[ "$(field .pid)" = "$SUPERVISOR" ]
}
