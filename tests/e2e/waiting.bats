#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Commands that wait while the supervisor they wait for is killed.

load helper

# begin COMMAND...: run the command in the background; its output is in said.
begin() {
	"$@" >said 2>&1 3>&- 5>&- &
	COMMAND=$!
	PIDS+=("$COMMAND")
}

# ended PID
ended() {
	! kill -0 "$1" 2>/dev/null
}

# ends STATUS: the command of begin ends with this status within ten seconds.
ends() {
	local status=0

	until_true ended "$COMMAND"
	wait "$COMMAND" || status=$?
	cat said
	[ "$status" -eq "$1" ]
}

# waits PID: the command has found no supervisor, and sleeps until its next
# look.
waits() {
	[ "$(cut -d ' ' -f 2,3 "/proc/$1/stat")" = "(hotswap) S" ]
}

# has_recovered N: the service has recovered at least N times, as events say.
has_recovered() {
	[ "$(grep -c '"recovered"' said)" -ge "$1" ]
}

# state STATE: the rollout has this state.
state() {
	[ "$(field .rollout.state 2>/dev/null)" = "$1" ]
}

# supervisor_kill: kill the supervisor with SIGKILL, and wait until another one
# answers.
supervisor_kill() {
	local before

	before=$(supervisor)
	kill -KILL "$before"
	until_true other_supervisor "$before"
}

@test "upgrade, its supervisor killed in the bake: promoted, status 0" {
	serve --bake 1h
	release server v2
	begin hotswap upgrade web
	until_true state baking
	supervisor_kill
	state baking
	hotswap promote web
	ends 0
	grep -q "upgrade done, generation 2 serves" said
	is_version v2
}

@test "upgrade, its supervisor killed before: taken back, status 1 and the reason" {
	release server v1 --notify
	serve --ready notify
	release server v2 --notify --ready-after 20000
	begin hotswap upgrade web
	until_true state starting
	kill -KILL "$(supervisor)"
	ends 1
	grep -q "upgrade failed, aborted: the supervisor ended" said
	is_version v1
}

@test "upgrade, its supervisor killed again and again: one rollout, and its outcome" {
	serve --bake 1h
	release server v2
	begin hotswap upgrade web --json
	until_true state baking
	for _ in 1 2 3; do
		supervisor_kill
	done
	hotswap promote web
	ends 0
	hotswap history web --json >history
	[ "$(wc -l <history)" = 1 ]
	grep -q '"result": *"promoted"' said
}

# It waits in the queue of the control socket.
calls_wait() {
	ss -xlH src "*web.sock" | awk '$3 > 0 { found = 1 } END { exit !found }'
}

@test "upgrade that the supervisor had no time to hear of begins with its successor" {
	serve
	release server v2
	pid=$(supervisor)
	kill -STOP "$pid"
	begin hotswap upgrade web
	until_true calls_wait
	kill -KILL "$pid"
	ends 0
	is_version v2
}

@test "rollback, its supervisor killed: its own outcome" {
	serve --keep 0
	release server v2
	hotswap upgrade web
	until_true is_role 1 retired
	begin hotswap rollback web
	sleep 0.0$((RANDOM % 5))
	kill -KILL "$(supervisor)"
	until_true ended "$COMMAND"
	status=0
	wait "$COMMAND" || status=$?
	cat said
	case $status in
	0) is_version v1 ;;
	1) is_version v2 ;;
	*) false ;;
	esac
}

@test "upgrade --no-wait, wait and stop: a kill makes none of them err" {
	serve --bake 1h
	release server v2
	hotswap upgrade web --no-wait
	begin hotswap wait web --for idle
	until_true state baking
	supervisor_kill
	hotswap promote web
	ends 0
	state idle
	exec 5<>"/dev/tcp/127.0.0.1/$PORT"
	begin hotswap stop web --timeout 100s
	until_true is_role 2 draining
	kill -KILL "$(supervisor)"
	sleep 0.3
	kill -0 "$COMMAND"
	exec 5>&-
	ends 0
	expect 0 wait "$SUPERVISOR"
}

@test "start, its supervisor killed meanwhile: it ends when the program serves" {
	PORT=$(free_port)
	begin hotswap start -n web -l "127.0.0.1:$PORT" \
		--ready "exec:test -e $PWD/go" -- ./server
	until_true state starting
	kill -KILL "$(supervisor)"
	touch go
	ends 0
	is_version v1
	hotswap stop web
}

@test "events --follow and status --watch go on with the successor" {
	serve
	begin hotswap events web --follow
	hotswap status web --watch --json >watched 2>&1 3>&- &
	PIDS+=("$!")
	until_true grep -q '"promoted"' said
	for n in 2 3 4; do
		release server "v$n"
		hotswap upgrade web
		kill -KILL "$(supervisor)"
		until_true is_role "$n" active
	done
	until_true grep -q '"number": *4' watched || {
		tail -n 3 watched | cut -c 1-300
		return 1
	}
	until_true has_recovered 3
	for n in 1 2 3 4; do
		[ "$(grep '"promoted"' said | grep -c "\"generation\": *${n}[,}]")" = 1 ]
	done
	hotswap stop web
	ends 69
	grep -q "has ended" said
}

@test "a supervisor that does not come back: the command says so, with 69" {
	serve --bake 20s
	release server v2
	begin hotswap upgrade web
	until_true state baking
	pid=$(supervisor)
	kill -STOP "$SUPERVISOR"
	kill -KILL "$pid"
	ends 69
	grep -q "no supervisor runs; the keeper" said
	kill -CONT "$SUPERVISOR"
}

@test "a supervisor that is gone with its keeper: 69" {
	serve --bake 20s
	release server v2
	begin hotswap upgrade web
	until_true state baking
	pid=$(supervisor)
	kill -KILL "$SUPERVISOR"
	kill -KILL "$pid"
	ends 69
	grep -q "there is no other" said
}

@test "wait --timeout, no supervisor yet: it waits for one, and for the state" {
	begin hotswap wait web --for ready --timeout 60s
	until_true waits "$COMMAND"
	kill -0 "$COMMAND"
	release server v1 --notify --ready-after 500
	serve --ready notify
	ends 0
	[ ! -s said ]
}

@test "wait without --timeout, no supervisor: 69 at once" {
	expect 69 hotswap wait web --for ready 2>said
	grep -q 'no supervisor of "web" runs' said
}

@test "wait --timeout, a supervisor that never comes: 75, and what to do" {
	expect 75 hotswap wait web --for ready --timeout 300ms 2>said
	grep -q 'web: there is still no supervisor (hotswap start starts one' said
}

@test "wait --timeout for what can be no service's name: 64 at once" {
	expect 64 hotswap wait ../web --for ready --timeout 60s 2>said
	grep -q 'not a service' said
}

@test "start reads on when a signal interrupts it" {
	local tracer starting

	PORT=$(free_port)
	hotswap start -n web -l "127.0.0.1:$PORT" --start-timeout 5m \
		--health "exec:test -e $PWD/go" -- ./server >said 2>&1 3>&- &
	starting=$!
	until_true hotswap status web
	strace -p "$starting" -o trace -e trace=read \
		-e inject=read:error=EINTR:when=1 2>strace.log 3>&- &
	tracer=$!
	until_true grep -q attached strace.log
	: >go
	expect 0 wait "$starting"
	wait "$tracer" || true
	grep -q INJECTED trace
	hotswap stop web --now
}

# call METHOD PARAMETERS: make this call, and print the answer.
call() {
	python3 - "$1" "$2" <<-'END'
		import json, socket, sys
		s = socket.socket(socket.AF_UNIX)
		s.connect("run/web.sock")
		call = {"method": "org.hotswap.Supervisor." + sys.argv[1],
		        "parameters": json.loads(sys.argv[2])}
		s.sendall(json.dumps(call).encode() + b"\0")
		reply = b""
		while not reply.endswith(b"\0"):
		    reply += s.recv(65536)
		print(reply[:-1].decode())
	END
}

@test "an outcome that a full disk has not kept: the call that asks for it again is told so" {
	local tracer supervisor

	serve
	release server v2
	hotswap upgrade web
	supervisor=$(supervisor)
	strace -qq -o /dev/null -P "$PWD/state/web/history" -e trace=write \
		-e inject=write:error=ENOSPC -p "$supervisor" 2>/dev/null 3>&- &
	tracer=$!
	PIDS+=("$tracer")
	until_true grep -q "TracerPid:	$tracer" "/proc/$supervisor/status"
	release server v3
	call Upgrade '{"id": "once"}' >first
	[ "$(field .parameters.outcome.result first)" = promoted ]
	grep -q "history: the outcome cannot be written yet: No space" run.log
	kill -KILL "$supervisor"
	until_true is_version v3
	until_true hotswap status web
	call Upgrade '{"id": "once"}' >again
	[ "$(field .error again)" = org.hotswap.Supervisor.Forgotten ]
	field .parameters.message again | grep -q "no space on the disk"
	# It has not begun a second rollout.
	[ "$(field '[.active, .rollout.state]')" = '[3,"idle"]' ]
}
