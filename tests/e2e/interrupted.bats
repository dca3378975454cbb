#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Commands and supervisors that are interrupted at each moment: Ctrl-C,
# hang-ups, output that nobody reads, and commands at the same time.

# Each test is a subshell, in which its teardown runs as well.
# shellcheck disable=SC2030,SC2031

load helper

# interrupt_when CONDITION COMMAND...: send Ctrl-C while the command waits, once
# the condition holds.  Its output is in said, its status in status.
interrupt_when() {
	local when=$1

	shift
	# A shell ignores INT for what it runs in the background.
	python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])' "$@" >said 2>&1 3>&- &
	PIDS+=($!)
	until_true eval "$when"
	kill -INT $!
	status=0
	wait $! || status=$?
}

none_left() {
	[ -z "$(running)" ]
}

# state STATE: the rollout has this state.
state() {
	[ "$(field .rollout.state 2>/dev/null)" = "$1" ]
}

is_connected() {
	[ "$(field '.generations[0].connections')" -ge 1 ]
}

@test "Ctrl-C during start leaves it going, and says so" {
	PORT=$(free_port)
	interrupt_when 'state starting' \
		hotswap start -n web -l "127.0.0.1:$PORT" \
		--ready "exec:test -e $PWD/go" -- ./server
	[ "$status" = 75 ]
	grep -q "the start goes on .*hotswap stop web" said
	touch go
	hotswap wait web --for ready --timeout 10s
	[ "$(version)" = v1 ]
	hotswap stop web
}

@test "Ctrl-C during run ends all, in the first start and later" {
	release server v1 --hang-before-serve
	interrupt_when 'state checking' \
		hotswap run -n web -l 127.0.0.1:0 -- ./server
	[ "$status" = 0 ]
	until_true none_left
	release server v1
	interrupt_when 'hotswap wait web --for idle --timeout 1s 2>/dev/null' \
		hotswap run -n web -l 127.0.0.1:0 -- ./server
	[ "$status" = 0 ]
	until_true none_left
	[ "$(ls run)" = web.lock ]
}

@test "Ctrl-C during an upgrade leaves it going, and says so, at each stage" {
	serve --bake 30s
	release server v2
	interrupt_when "state starting" \
		hotswap upgrade web --ready "exec:test -e $PWD/go"
	[ "$status" = 75 ]
	grep -qE "goes on|still" said
	touch go
	until_true state baking
	[ "$(version)" = v2 ]
	hotswap promote web
	interrupt_when "state baking" hotswap upgrade web --ready 100ms
	[ "$status" = 75 ]
	grep -qE "goes on|still" said
	state baking
	hotswap promote web
	[ "$(field .active)" = 3 ]
}

@test "TERM during the first start: start says that it was stopped, nothing is left" {
	release server v1 --hang-before-serve
	hotswap start -n web -l 127.0.0.1:0 -- ./server >said 2>&1 3>&- &
	PIDS+=($!)
	until_true state checking
	kill -TERM "$(field .pid)"
	expect 1 wait $!
	grep -q "not started: stopped before it served" said
	until_true none_left
}

@test "TERM during an upgrade ends both generations" {
	serve --bake 30s
	release server v2
	hotswap upgrade web 2>said 3>&- &
	until_true state baking
	kill -TERM "$SUPERVISOR"
	expect 0 wait "$SUPERVISOR"
	expect 1 wait $!
	until_true none_left
}

@test "a terminal that hangs up neither ends the service nor starts an upgrade" {
	PORT=$(free_port)
	release server v2
	cp server server.v2
	release server v1
	python3 - "$BUILD/bin/hotswap" run -n web -l "127.0.0.1:$PORT" -- ./server 3>&- <<-'END'
		import os, pty, subprocess, sys, time
		pid, terminal = pty.fork()
		if pid == 0:
		    os.execv(sys.argv[1], sys.argv[1:])
		print(pid, file=open("pid", "w"))
		name = ["hotswap", "wait", "web", "--for", "ready"]
		while subprocess.run(name, stderr=subprocess.DEVNULL).returncode:
		    time.sleep(0.02)
		os.rename("server.v2", "server")
		os.close(terminal)
	END
	SUPERVISOR=$(cat pid)
	PIDS+=("$SUPERVISOR")
	# The kernel has sent it by now; an upgrade would be under way.
	state idle
	[ "$(version)" = v1 ]
	[ "$(field '[.pid, .active]')" = "[$SUPERVISOR,1]" ]
	hotswap upgrade web
	[ "$(version)" = v2 ]
	hotswap stop web
}

@test "run with a log that nobody reads any more serves and upgrades on" {
	PORT=$(free_port)
	mkfifo log
	hotswap run -n web -l "127.0.0.1:$PORT" --bake 100ms -- ./server >log 2>&1 3>&- &
	SUPERVISOR=$!
	PIDS+=("$SUPERVISOR")
	head -n 1 log
	hotswap wait web --for ready --timeout 10s
	release server v2
	hotswap upgrade web
	[ "$(version)" = v2 ]
	kill -0 "$SUPERVISOR"
}

@test "run with standard input, output and error closed gives none of them away" {
	PORT=$(free_port)
	hotswap run -n web -l "127.0.0.1:$PORT" --bake 100ms -- ./server <&- >&- 2>&- 3>&- &
	SUPERVISOR=$!
	PIDS+=("$SUPERVISOR")
	until_true hotswap wait web --for ready --timeout 10s 2>/dev/null
	for fd in 0 1 2; do
		[ "$(readlink "/proc/$SUPERVISOR/fd/$fd")" = /dev/null ]
	done
	release server v2
	hotswap upgrade web
	[ "$(version)" = v2 ]
}

@test "commands whose output cannot be written say so in their status" {
	serve
	for command in "status web" "status web --json" list "events web" \
		"metrics web" --help --version; do
		status=0
		# shellcheck disable=SC2086 # one word an argument
		hotswap $command >/dev/full 2>err || status=$?
		[ "$status" = 70 ] || { echo "$command: $status"; false; }
		grep -q "standard output: No space left" err
	done
}

@test "stop during an upgrade ends both, and the upgrade is told why" {
	serve --bake 30s
	load_begin --rate 100
	release server v2
	hotswap upgrade web 2>said 3>&- &
	until_true state baking
	load_end
	hotswap stop web
	expect 0 wait "$SUPERVISOR"
	expect 1 wait $!
	cat said
	grep -q "stop" said
	until_true none_left
}

@test "an upgrade during a stop is refused, and the stop goes on" {
	serve
	exec 5<>"/dev/tcp/127.0.0.1/$PORT"
	until_true is_connected
	hotswap stop web 3>&- 5>&- &
	until_true is_role 1 draining
	expect 2 hotswap upgrade web 2>err
	grep -q "being stopped" err
	expect 2 hotswap rollback web 2>/dev/null
	exec 5>&-
	expect 0 wait $!
	expect 0 wait "$SUPERVISOR"
}

@test "stop --now during a drain ends it at once" {
	serve --drain-timeout 1h --stop-timeout 500ms
	"$BUILD/load" --slow 1 --slow-time 30s --duration 30s "127.0.0.1:$PORT" >/dev/null 2>&1 3>&- &
	PIDS+=($!)
	until_true is_connected
	hotswap stop web 3>&- &
	until_true is_role 1 draining
	timeout 20 hotswap stop web --now
	expect 0 wait "$SUPERVISOR"
	until_true none_left
}
