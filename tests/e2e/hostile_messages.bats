#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Messages of programs to the supervisor: they cannot turn against it, stop it,
# or use up its time.
# shellcheck disable=SC2030,SC2031,SC2034 # one shell a test

load hostile

setup() {
	hostile_setup
}

# attack COMMAND...: serve, and run this command beside; the server itself
# reports that it is ready.
attack() {
	attacker "$@"
	serve_attacked --control-group nogroup
}

# cpu_ms PID: print the processor time of the process.
cpu_ms() {
	python3 -c 'import os, sys
f = open("/proc/%s/stat" % sys.argv[1]).read().rsplit(")", 1)[1].split()
print((int(f[11]) + int(f[12])) * 1000 // os.sysconf("SC_CLK_TCK"))' "$1"
}

@test "MAINPID of the supervisor, its keeper or PID 1 makes none the main process" {
	attack hostile_mainpid
	before=$(pid_of 1)
	supervisor=$(supervisor)
	until_true said "named all"
	[ "$(pid_of 1)" = "$before" ]
	unharmed
	[ "$(supervisor)" = "$supervisor" ]
	kill -0 "$SUPERVISOR"
}

@test "a program that never stops talking gets a fifth of the supervisor's time" {
	attack hostile_chatter
	until_true said "said a lot"
	supervisor=$(supervisor)
	before=$(cpu_ms "$supervisor")
	begun=$(date +%s%3N)
	DEADLINE=3 until_true false || true
	used=$(($(cpu_ms "$supervisor") - before))
	passed=$(($(date +%s%3N) - begun))
	echo "$used ms of $passed ms"
	[ $((used * 2)) -lt "$passed" ]
	unharmed
	# Others' events can still be found.
	hotswap events web | grep -q promoted
}

@test "a program whose interpreter is a FIFO is refused, and nothing waits for it" {
	attack true
	install -o nobody -m 755 /dev/null theirs/fifo.sh
	mkfifo -m 755 theirs/fifo
	chown nobody theirs/fifo
	echo "#!$PWD/theirs/fifo" >theirs/fifo.sh
	expect 1 hotswap upgrade web --timeout 20s -- "$PWD/theirs/fifo.sh" \
		2>refusal
	cat refusal
	unharmed
}

# fds_of PID: print the number of its descriptors.
fds_of() {
	find "/proc/$1/fd" -mindepth 1 | wc -l
}

@test "sockets that linger, sent by notification, make nobody wait" {
	attack hostile_linger
	until_true said "sent all"
	timeout 20 hotswap status web
	unharmed
}

@test "sockets that linger, sent as the shim's, make nobody wait" {
	attacker hostile_linger
	serve_attacked --control-group nogroup --shim preload
	until_true said "sent all"
	timeout 20 hotswap status web
	unharmed
}

@test "idle connections to the shim's socket take few descriptors and no time" {
	attacker hostile_visitors
	serve_attacked --control-group nogroup --shim preload
	until_true said "connected often"
	[ "$(fds_of "$(supervisor)")" -lt 300 ]
	supervisor=$(supervisor)
	before=$(cpu_ms "$supervisor")
	begun=$(date +%s%3N)
	DEADLINE=3 until_true false || true
	used=$(($(cpu_ms "$supervisor") - before))
	passed=$(($(date +%s%3N) - begun))
	echo "$used ms of $passed ms"
	[ $((used * 2)) -lt "$passed" ]
	unharmed
}
