#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Hard times: full disks, missing permissions, no descriptors left, signals and
# hang-ups at the wrong moment.  Whatever happens is reported in words that help
# at three in the morning, and a service that serves is never left without its
# supervisor.

# Each test is a subshell, in which its teardown runs as well.
# shellcheck disable=SC2030,SC2031

load helper

# says PATTERN STATUS COMMAND...: the command ends with this status and message.
says() {
	local status=0

	"${@:3}" >said 2>&1 3>&- || status=$?
	[ "$status" = "$2" ] && grep -qE -e "$1" said && return
	echo "status $status, not $2, or not \"$1\": ${*:3}"
	cat said
	return 1
}

# start_says PATTERN STATUS OPTION...: start fails at once with this status and
# message.
start_says() {
	says "not started: .*$1" "$2" timeout 60 hotswap start -n web "${@:3}"
	expect 69 hotswap status web 2>/dev/null
}

# connects PORT
connects() {
	(: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# in_mounts SCRIPT: the supervisor of serve runs in a mount namespace of its
# own, in which the script runs first.
in_mounts() {
	[ "$(id -u)" = 0 ] || skip "takes root"
	mkdir bin
	cat >bin/hotswap <<-END
		#!/bin/sh
		real=$BUILD/bin/hotswap
		[ "\$1" = run ] || exec "\$real" "\$@"
		exec unshare -m sh -e -c '$1
		exec "\$@"' sh "\$real" "\$@"
	END
	chmod +x bin/hotswap
	PATH=$PWD/bin:$PATH
}

# ticks: print the supervisor's processor time in hundredths of a second.
ticks() {
	awk '{ print $14 + $15 }' "/proc/$ITSELF/stat"
}

# is_idle: the supervisor uses less than a tenth of a processor for half a
# second or however long it has become; only time can show that it does nothing.
is_idle() {
	local before began

	before=$(ticks)
	began=${EPOCHREALTIME/./}
	sleep 0.5
	[ $((($(ticks) - before) * 100000)) -lt $((${EPOCHREALTIME/./} - began)) ]
}

is_connected() {
	[ "$(field '.generations[0].connections')" -ge 1 ]
}

# upgrades: the supervisor can still upgrade.
upgrades() {
	release server v2
	hotswap upgrade web 2>upgrade.err
	[ "$(version)" = v2 ]
	hotswap rollback web 2>/dev/null
	[ "$(version)" = v1 ]
	kill -0 "$SUPERVISOR"
}

@test "start: each fault on the way up is told in a line, with its status" {
	PORT=$(free_port)
	start_says "--listen 127.0.0.1:$PORT: overlaps with --listen 0.0.0.0:$PORT" 78 \
		-l "$PORT" -l "127.0.0.1:$PORT" -- ./server
	start_says "--pidfile /no/such/x: No such file" 78 \
		-l "$PORT" --pidfile /no/such/x -- ./server
	start_says "there is no group no-such" 78 \
		-l "$PORT" --control-group no-such -- ./server
	start_says "cannot listen on 192.0.2.1:$PORT: Cannot assign" 1 \
		-l "192.0.2.1:$PORT" -- ./server
	start_says "$PWD/no/server does not exist" 1 \
		-l "$PORT" -- ./no//./server
	start_says "no-such-server is in none of the directories of PATH" 1 \
		-l "$PORT" -- no-such-server
	says "--name.*characters other than" 64 hotswap start -n a/b -- ./server
	[ -z "$(ls run)" ] || [ "$(ls run)" = web.lock ]
}

@test "start: an address that another program has is refused, and says so" {
	PORT=$(free_port)
	python3 -c 'import socket, sys, time
s = socket.create_server(("127.0.0.1", int(sys.argv[1]))); time.sleep(60)' \
		"$PORT" 3>&- &
	PIDS+=($!)
	until_true connects "$PORT"
	start_says "127.0.0.1:$PORT: another program has this address" 1 \
		-l "127.0.0.1:$PORT" -- ./server
}

@test "start: a name that is taken is refused, and the first serves on" {
	serve
	says "not started: the name is taken: .*hotswap upgrade web" 2 \
		hotswap start -n web -l 127.0.0.1:0 -- ./server
	[ "$(version)" = v1 ]
}

@test "start: commands that ask whether the name is taken do not take it" {
	mkdir -m 700 run
	touch run/web.lock
	flock --shared run/web.lock sh -c 'touch asks; sleep 0.5' 3>&- &
	PIDS+=($!)
	until_true [ -e asks ]
	serve
	[ "$(version)" = v1 ]
}

@test "start: of two at once one has the name, the other is told" {
	local first=0 second=0

	PORT=$(free_port)
	hotswap start -n web -l "127.0.0.1:$PORT" -- ./server >first 2>&1 3>&- &
	hotswap start -n web -l "127.0.0.1:$PORT" -- ./server >second 2>&1 3>&- ||
		second=$?
	wait $! || first=$?
	PIDS+=("$(field .pid)")
	[ "$((first + second))" = 2 ] || { cat first second; false; }
	grep -q "name is taken" first second
	[ "$(version)" = v1 ]
	hotswap stop web
}

@test "start: a runtime directory of another user's is not used" {
	[ "$(id -u)" = 0 ] || skip "takes root"
	mkdir -m 700 run
	chown 65534 run
	start_says "runtime directory .*/run: .*belongs to another user" 77 \
		-l 127.0.0.1:0 -- ./server
}

@test "start: an ordinary user without a place for state is told where to put it" {
	[ "$(id -u)" = 0 ] || skip "takes root"
	cp "$BUILD/bin/hotswap" .
	mkdir -m 700 state
	mkdir -m 700 run
	chown 65534 run
	says "cannot write the log in .*/state.*Permission denied.*HOTSWAP_STATE_DIR" 77 \
		setpriv --reuid 65534 --regid 65534 --clear-groups env \
		HOTSWAP_STATE_DIR=/proc/self/cwd/state \
		HOTSWAP_RUNTIME_DIR=/proc/self/cwd/run \
		./hotswap start -n web -l 127.0.0.1:0 -- ./server
}

@test "state: a full disk costs the private copies, and says so" {
	in_mounts "mkdir -p state
		mount -t tmpfs -o size=16k tmpfs state
		dd if=/dev/zero of=state/fill bs=4k count=8 2>/dev/null || :"
	serve
	grep -q "warning: no private copy of .*/server.*: No space left" run.log
	upgrades
	grep -q "warning: no private copy of .*/server.*: No space left" upgrade.err
	grep -q "warning: .*history.*No space left" upgrade.err
	[ "$(hotswap history web --json | wc -l)" = 2 ]
}

@test "state: a read-only place costs the private copies, and says so" {
	in_mounts "mkdir -p state
		mount -t tmpfs -o ro tmpfs state"
	serve
	grep -q "warning: .*Read-only file system" run.log
	upgrades
}

@test "descriptors: without any nobody who drains is cut off, and the loop does not spin" {
	release server v1 --exit-on-term
	serve --keep 0 --drain-timeout 30s
	exec 5<>"/dev/tcp/127.0.0.1/$PORT"
	until_true is_connected
	load_begin --rate 200 5>&-
	release server v2
	hotswap upgrade web
	echo stop >steer
	is_role 1 draining
	ITSELF=$(supervisor)
	prlimit --pid "$ITSELF" --nofile=3:4096
	expect 124 timeout 1 hotswap status web
	is_idle
	until_true grep -q "control: accept: Too many open files" run.log
	[ "$(grep -c "control: accept: Too many open files" run.log)" = 1 ]
	prlimit --pid "$ITSELF" --nofile=4096:4096
	printf 'GET / HTTP/1.0\r\n\r\n' >&5
	grep -q "^X-Version: v1" <&5
	exec 5>&-
	load_end
	until_true is_role 1 retired
	[ "$(version)" = v2 ]
}

@test "descriptors: a limit that leaves a few lets an upgrade fail with a word" {
	local used

	serve
	load_begin --rate 200
	ITSELF=$(supervisor)
	used=$(find "/proc/$ITSELF/fd" -mindepth 1 | wc -l)
	release server v2
	prlimit --pid "$ITSELF" --nofile=$((used + 2)):4096
	says "Too many open files" 1 hotswap upgrade web
	prlimit --pid "$ITSELF" --nofile=4096:4096
	hotswap upgrade web
	load_end
	[ "$(version)" = v2 ]
}

# nofile PID: print the process's soft and hard limit of descriptors.
nofile() {
	awk '/^Max open files/ { print $4, $5 }' "/proc/$1/limits"
}

@test "descriptors: keeper and supervisor use the hard limit, programs keep the soft one" {
	local hard before

	ulimit -Sn 256
	hard=$(ulimit -Hn)
	serve --hook 'ready=ulimit -Sn >hook.said'
	[ "$(nofile "$SUPERVISOR")" = "$hard $hard" ]
	[ "$(nofile "$(supervisor)")" = "$hard $hard" ]
	[ "$(nofile "$(pid_of 1)")" = "256 $hard" ]
	run ! grep -qz HOTSWAP_NOFILE "/proc/$(pid_of 1)/environ"
	until_true grep -qx 256 hook.said
	# It is the same over the death of the supervisor, and after reexec.
	before=$(supervisor)
	kill -KILL "$before"
	until_true other_supervisor "$before"
	release server v2
	hotswap upgrade web
	[ "$(nofile "$(supervisor)")" = "$hard $hard" ]
	[ "$(nofile "$(pid_of 2)")" = "256 $hard" ]
	hotswap reexec web
	release server v3
	hotswap upgrade web
	[ "$(nofile "$(pid_of 3)")" = "256 $hard" ]
}

@test "start: a command line that is not UTF-8 is refused, with the word" {
	local word command

	word=x=caf$(printf '\351')
	serve
	for command in "run -n other -- ./server $word" \
		"start -n other -- ./server $word" \
		"upgrade web -- ./server $word" "upgrade web --exe ./$word"; do
		# shellcheck disable=SC2086
		run -64 hotswap $command
		[[ $output == *'not UTF-8'*'run the program by a script'* ]]
	done
	[ "$(version)" = v1 ]
}
