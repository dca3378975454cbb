#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# --strategy exclusive: servers of which only one may run, because each locks
# its data.

load helper

# serve_locked OPTIONS...: run a server that cannot run beside another.
serve_locked() {
	serve --strategy exclusive --drain-timeout 2s --start-timeout 60s "$@" \
		-- ./server --lock data.lock
}

# phase NAME: print the phase's milliseconds in outcome.json.
phase() {
	field ".phases | map(select(.phase == \"$1\"))[0].ms" \
		outcome.json
}

# is_connected: a client is connected to the first generation.
is_connected() {
	[ "$(field '.generations[0].connections')" = 1 ]
}

# The candidate still has answers to finish.
is_connected_to_second() {
	[ "$(field '.generations[1].connections')" -gt 0 ]
}

# failed OPTIONS...: a candidate with this behaviour is taken back under load:
# the old one runs again, and no client has noticed.
failed() {
	serve_locked
	load_begin --rate 300
	release server v2 "$@"
	expect 1 hotswap upgrade web --start-timeout 2s --json >outcome.json
	[ "$(field '[.from, .to]' outcome.json)" = '[1,2]' ]
	[ "$(phase pause)" -gt 0 ]
	is_role 1 active
	is_role 2 failed
	[ "$(field '.generations[0].restarts')" = 1 ]
	load_end
	[ "$(version)" = v1 ]
}

@test "exclusive: without it, a server that locks its data cannot be upgraded" {
	serve_locked
	release server v2
	expect 1 hotswap upgrade web --strategy overlap --start-timeout 1s
	[ "$(version)" = v1 ]
}

@test "exclusive: shares are refused, there is nobody to share with" {
	serve_locked --bake 30s
	release server v2
	expect 78 hotswap upgrade web --canary 5,25 2>err
	grep -q "one generation at a time" err
	hotswap upgrade web 2>err 3>&- &
	until_true grep -q "gets 100 %" err
	expect 2 hotswap split web 50 2>err
	grep -q "one generation at a time" err
	hotswap promote web
}

@test "exclusive: the old one ends before the new one starts, and the pause is told" {
	serve_locked
	release server v2
	hotswap upgrade web --json >outcome.json
	[ "$(version)" = v2 ]
	[ "$(field '[.phases[].phase]' outcome.json)" = \
		'["resolve","stop","start","check","pause","bake"]' ]
	is_role 1 retired
	hotswap events web | grep '"event": *"resumed"'
	[ "$(phase pause)" -gt 0 ]
}

@test "exclusive: under load nobody is refused or reset, new ones wait" {
	serve_locked
	load_begin --rate 300 --slow 2 --slow-time 300ms
	until_true has_met v1
	for v in v2 v3 v4; do
		release server "$v"
		hotswap upgrade web
		until_true has_met "$v"
	done
	load_end
	[ "$(field '[.generations[].version] | sort' load.json)" = \
		'["v1","v2","v3","v4"]' ]
}

@test "exclusive: a candidate that ends at once brings the old one back, and nobody notices" {
	failed --exit 3
	[ "$(field .result outcome.json)" = aborted ]
	[ "$(phase restore)" -ge 0 ]
	grep -q "exited with status 3" outcome.json
}

@test "exclusive: a candidate that never accepts leaves who waits to the old one" {
	failed --hang-while-open
}

@test "exclusive: a candidate that never opens a socket brings the old one back" {
	failed --hang-before-serve
}

@test "exclusive: abort of a candidate that bakes lets it finish what it has" {
	serve_locked --bake 30s
	load_begin --rate 300 --slow 2 --slow-time 500ms
	release server v2 --exit-on-term
	hotswap upgrade web --json >outcome.json 2>err 3>&- &
	until_true grep -q "gets 100 %" err
	until_true is_connected_to_second
	hotswap abort web
	expect 1 wait $!
	[ "$(field .result outcome.json)" = rolled-back ]
	load_end
	[ "$(version)" = v1 ]
	is_role 1 active
}

@test "exclusive: an aborted candidate may finish for longer than the bake was to last" {
	serve_locked --bake 12s --drain-timeout 60s
	release server v2 --exit-on-term
	hotswap upgrade web --json >outcome.json 2>err 3>&- &
	upgrade=$!
	until_true grep -q "gets 100 %" err
	curl -s -m 90 -o slow "http://127.0.0.1:$PORT/slow?ms=15000" 3>&- &
	until_true is_connected_to_second
	hotswap abort web
	expect 1 wait $upgrade
	[ "$(field .result outcome.json)" = rolled-back ]
	[ "$(field .serves outcome.json)" = 1 ]
	[ "$(version)" = v1 ]
	is_role 1 active
}

@test "exclusive: abort while the old one drains brings it back, and who waits with it" {
	serve_locked --drain-timeout 3m
	exec 5<>"/dev/tcp/127.0.0.1/$PORT"
	until_true is_connected
	release server v2
	hotswap upgrade web 2>err 3>&- 5>&- &
	upgrade=$!
	until_true grep -q "new connections wait" err
	curl -s -m 100 -o waiting "http://127.0.0.1:$PORT/" 3>&- 5>&- &
	waiting=$!
	[ "$(field .rollout.state)" = stopping ]
	hotswap abort web 2>abort.err 3>&- 5>&- &
	abort=$!
	# Longer than a supervisor may be silent.
	until_true grep -q "has not ended yet; this command waits" abort.err
	exec 5>&-
	wait $abort
	expect 1 wait $upgrade
	wait $waiting
	is_role 1 active
	[ "$(version)" = v1 ]
}

@test "exclusive: a crash in the bake brings the old one back" {
	serve_locked --bake 30s
	release server v2 --die-after-requests 3
	hotswap upgrade web --json >outcome.json 2>err 3>&- &
	until_true grep -q "gets 100 %" err
	until_true is_version v1
	expect 1 wait $!
	[ "$(field .result outcome.json)" = rolled-back ]
}

@test "exclusive: rollback ends the one before the other starts, too" {
	serve_locked
	release server v2
	hotswap upgrade web
	load_begin --rate 300
	hotswap rollback web --json >outcome.json
	load_end
	[ "$(field .result outcome.json)" = rolled-back ]
	[ "$(version)" = v1 ]
	[ "$(phase pause)" -gt 0 ]
}

@test "exclusive: an old one that does not come back is told, and does not serve" {
	serve_locked --restart-limit 1/60s
	# The lock is taken by somebody else as soon as it is free, and only
	# then the candidate ends.
	cat >candidate <<-'END'
		#!/bin/sh
		until [ -e locked ]; do sleep 0.02; done
		exit 3
	END
	chmod +x candidate
	mv candidate server
	flock -F data.lock sh -c 'touch locked; exec sleep 60' 3>&- &
	PIDS+=($!)
	until_true grep -q -- "-> FLOCK .* $! " /proc/locks
	expect 1 hotswap upgrade web 2>err
	grep -q "generation 1 could not be started again" err
	run ! grep -q "generation 1 serves" err
}

@test "exclusive: an old one that is killed as it comes back has one series of checks, which ends with it" {
	local upgrade

	release server v1 --notify --ready-after 700
	# shellcheck disable=SC2016 # the command's own shell
	serve_locked --ready notify --start-timeout 20s \
		--health 'exec:echo "$HOTSWAP_GENERATION" >>checks' \
		--health-interval 20ms
	release server v2 --exit 3
	hotswap upgrade web 2>err 3>&- &
	upgrade=$!
	until_true grep -q "generation 1: started again" run.log
	kill -KILL "$(pid_of 1)"
	expect 1 wait "$upgrade"
	is_role 1 active
	release server v3 --notify
	hotswap upgrade web
	until_true is_role 1 retired
	: >checks
	until_true has_lines 5 checks
	run ! grep -vx 3 checks
	run ! grep "ended by itself" run.log
}

# has_lines N FILE
has_lines() {
	[ "$(wc -l <"$2")" -ge "$1" ]
}

@test "exclusive: an old one that cannot be started yet is started later" {
	local supervisor

	serve_locked --restart-limit 1000/60s
	supervisor=$(supervisor)
	cat >candidate <<-END
		#!/bin/sh
		prlimit --pid $supervisor --nofile=3:
		exit 3
	END
	chmod +x candidate
	mv candidate server
	hotswap upgrade web 2>err 3>&- &
	until_true grep -q "generation 1 could not be started again" err
	prlimit --pid "$supervisor" --nofile=1024:
	until_true is_version v1
}

# lost_for_lack CALL ERROR [WHICH]: a candidate has failed, and this call has
# failed since then: the old one could not be started again, for longer than
# --restart-limit allows.
lost_for_lack() {
	local upgrade

	serve_locked --restart-limit 2/60s --start-timeout 30s \
		--drain-timeout 30s
	release server v2 --hang-before-serve
	hotswap upgrade web 2>err 3>&- &
	upgrade=$!
	until_true grep -q "generation 2: .* started, PID" err
	starve "$1" "$2"
	kill -9 "$(pid_of 2)"
	expect 1 wait "$upgrade"
	grep -q "generation 1 could not be started again: .*; it will be" err
	until_true refused 5 "${3-}"
}

# somebody_waits: a connection was not accepted yet.
somebody_waits() {
	ss -Hltn "sport = :$PORT" | awk '$2 > 0 { n++ } END { exit !n }'
}

# begin_waiting: a client connects, and waits until it is served.
begin_waiting() {
	curl -s -m 60 -o /dev/null -D answer "http://127.0.0.1:$PORT/" 3>&- &
	CLIENT=$!
	PIDS+=("$CLIENT")
	until_true somebody_waits
}

# has_waited VERSION: the client was served by this version.
has_waited() {
	wait "$CLIENT"
	grep -q "^X-Version: $1" answer
}

# comes_back CALL ERROR [WHICH]: after that the old one is there again, and has served
# who has waited.
comes_back() {
	lost_for_lack "$@"
	begin_waiting
	feed
	has_waited v1
	is_role 1 active
	[ "$(version)" = v1 ]
	run ! grep -q "given up" run.log
}

@test "exclusive: an old one that lacks a process is started when there is one" {
	comes_back clone,clone3 EAGAIN
}

@test "exclusive: an old one that lacks its sockets is started when it can have them" {
	comes_back socket ENOBUFS SOCK_DGRAM
}

# taken_over: an upgrade gets who waits for the old one, and the old one ends.
taken_over() {
	begin_waiting
	feed
	release server v3
	hotswap upgrade web
	has_waited v3
	[ "$(version)" = v3 ]
	until_true is_role 1 retired
}

@test "exclusive: an upgrade takes over from an old one that lacks a process" {
	lost_for_lack clone,clone3 EAGAIN
	taken_over
}

@test "exclusive: an upgrade takes over from an old one that lacks its sockets" {
	lost_for_lack socket ENOBUFS SOCK_DGRAM
	taken_over
}

@test "exclusive: an overlapping upgrade takes over from an old one without sockets" {
	lost_for_lack socket ENOBUFS SOCK_DGRAM
	release server v3
	feed
	hotswap upgrade web --strategy overlap
	[ "$(version)" = v3 ]
	until_true is_role 1 retired
}

@test "exclusive: stop while the old one lacks its sockets ends the service" {
	lost_for_lack socket ENOBUFS SOCK_DGRAM
	hotswap stop web
	wait "$SUPERVISOR"
}

@test "exclusive: kill -9 while the old one lacks its sockets brings it back" {
	lost_for_lack socket ENOBUFS SOCK_DGRAM
	kill -9 "$(supervisor)"
	until_true is_version v1
}

@test "exclusive: stop in the middle of it ends everything" {
	serve_locked --drain-timeout 30s
	exec 5<>"/dev/tcp/127.0.0.1/$PORT"
	until_true is_connected
	release server v2
	hotswap upgrade web 2>err 3>&- &
	until_true grep -q "new connections wait" err
	hotswap stop web --now
	expect 1 wait $!
	expect 0 wait "$SUPERVISOR"
}

@test "exclusive: stop while the old one is to come back starts nobody, and ends" {
	local upgrade

	serve_locked --stop-timeout 5m
	release server v2 --ignore-sigterm --hang-before-serve
	hotswap upgrade web 2>err 3>&- &
	upgrade=$!
	until_true field_is .rollout.state checking
	hotswap abort web 3>&- &
	until_true field_is .rollout.state restoring
	hotswap stop web 3>&- &
	until_true grep -q ": stopping" run.log
	kill -KILL "$(pid_of 2)"
	until_true grep -q ": stopped$" run.log
	run ! grep "generation 1: started again" run.log
	expect 1 wait "$upgrade"
	expect 0 wait "$SUPERVISOR"
}

@test "exclusive: over a Unix socket nobody is refused either" {
	serve --strategy exclusive -l "$PWD/x.sock" -- ./server --lock data.lock
	python3 - x.sock >answers 3>&- <<-'END' &
		import socket, sys, time
		while True:
		    s = socket.socket(socket.AF_UNIX)
		    s.settimeout(60)
		    s.connect(sys.argv[1])
		    s.sendall(b"GET / HTTP/1.0\r\n\r\n")
		    line = s.recv(4096)
		    if not line.startswith(b"HTTP/1.1 200"):
		        sys.exit(repr(line))
		    print("ok", flush=True)
		    time.sleep(0.01)
	END
	client=$!
	PIDS+=("$client")
	until_true grep -q ok answers
	release server v2
	hotswap upgrade web
	release server v3 --exit 3
	expect 1 hotswap upgrade web
	: >answers
	until_true grep -q ok answers
	kill "$client"
	[ "$(version)" = v2 ]
}

@test "exclusive: datagrams wait as well" {
	local port

	port=$(free_port)
	serve --strategy exclusive -l "udp:127.0.0.1:$port" -- \
		./server --lock data.lock
	python3 - "$port" >answers 3>&- <<-'END' &
		import socket, sys, time
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		s.settimeout(60)
		s.connect(("127.0.0.1", int(sys.argv[1])))
		while True:
		    s.send(b"hello")
		    s.recv(4096)
		    print("ok", flush=True)
		    time.sleep(0.01)
	END
	client=$!
	PIDS+=("$client")
	until_true grep -q ok answers
	release server v2
	hotswap upgrade web
	release server v3 --exit 3
	expect 1 hotswap upgrade web
	: >answers
	until_true grep -q ok answers
	kill "$client"
}

@test "exclusive: a candidate that is ready while it is stopped is not taken for the old one" {
	release server v1 --notify
	serve_locked --ready notify --health exec:true --stop-timeout 3s
	release server v2 --notify --ready-after 1500 --ignore-sigterm
	expect 1 hotswap upgrade web --start-timeout 1s --json >outcome.json
	[ "$(field .serves outcome.json)" = 1 ]
	[ "$(version)" = v1 ]
}

# when_it_pauses INJECTION: what strace does to the supervisor as it tells that
# new connections wait.  That is told between two checkpoints.
when_it_pauses() {
	strace -qq -o /dev/null -P "$PWD/run.log" -e trace=write \
		-e "inject=write:$1" -p "$(supervisor)" 2>/dev/null 3>&- &
	TRACER=$!
	PIDS+=("$TRACER")
	until_true grep -q "TracerPid:	$TRACER" "/proc/$(supervisor)/status"
}

@test "exclusive: kill -9 before the old one is told to end leaves it serving" {
	serve_locked
	release server v2
	when_it_pauses signal=KILL
	expect 1 hotswap upgrade web --json --timeout 100s >outcome.json
	[ "$(field .serves outcome.json)" = 1 ]
	[ "$(version)" = v1 ]
}

@test "exclusive: kill -9 before the old one is told to end loses nobody who waits" {
	local supervisor upgrade

	serve_locked
	release server v2
	load_begin --rate 300
	supervisor=$(supervisor)
	when_it_pauses delay_exit=60000000
	hotswap upgrade web --json --timeout 100s >outcome.json 2>said 3>&- &
	upgrade=$!
	until_true grep -q "new connections wait" run.log
	until_true somebody_waits
	# Its end is not noticed as long as the tracer delays it.
	kill -KILL "$supervisor" "$TRACER"
	expect 1 wait "$upgrade"
	load_end
	[ "$(field .serves outcome.json)" = 1 ]
	[ "$(version)" = v1 ]
	[ "$(field '.generations[0].restarts')" = 1 ]
	[ "$(field '.pauses.last_ms < 60000')" = true ]
}
