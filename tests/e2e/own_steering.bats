#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Servers that choose themselves which socket gets a connection: no user may
# reach a candidate that never passes its check, whatever the candidate does to
# its sockets.  RATE=N makes N connections a second; they go on for SECONDS_LONG
# seconds after the upgrade, and a candidate has START to pass its check.

load helper

RATE=${RATE:-300}
SECONDS_LONG=${SECONDS_LONG:-0.5}
START=${START:-1s}

# steering HOW STATUS: set PROGRAM to a server that steers as HOW says
# (fixtures/own_steering.c) and answers with STATUS.
steering() {
	cp "$BUILD/fixtures/own_steering" "./$1-$2.new"
	mv "./$1-$2.new" "./$1-$2"
	PROGRAM=("./$1-$2" "$PORT" "$1" "$2")
}

# begin SHIM: run a service whose server passes its check, with answer 200.
begin() {
	PORT=$(free_port)
	steering none 200
	hotswap run -n web --shim "$1" --bake 200ms --keep 1m \
		--health "http://127.0.0.1:$PORT/" --health-interval 100ms \
		--health-timeout 2s --start-timeout 60s -- "${PROGRAM[@]}" \
		>>run.log 2>&1 3>&- &
	PIDS+=("$!")
	until_true hotswap wait web --for ready --timeout 10s 2>/dev/null
}

# refused: an upgrade to PROGRAM ends with 1; said.txt has its messages.  The
# reason is the answer 500 to the check, so the check reached the candidate: on
# a busy machine the candidate gets another try if it never came to answer.
refused() {
	for _ in {1..10}; do
		expect 1 hotswap upgrade web --start-timeout "$START" -- \
			"${PROGRAM[@]}" >said.txt 2>&1 || return 1
		cat said.txt
		! grep -q 500 said.txt || return 0
	done
	return 1
}

# attack SHIM HOW: upgrade twice to a candidate that steers as HOW says and
# answers 500.  No user reaches the candidate.
attack() {
	begin "$1"
	load_begin --rate "$RATE"
	steering "$2" 500
	refused
	refused
	sleep "$SECONDS_LONG" # connections after the upgrade
	load_end
	[ "$(field '[.generations[].version] | unique' load.json)" = '["200"]' ]
	curl -sf "http://127.0.0.1:$PORT/"
}

# steers N: does status say that generation N steers?
steers() {
	[ "$(generation "$1" .steers)" = true ]
}

# one_steers: does it say so of any?
one_steers() {
	[ "$(field 'any(.generations[]; .steers)')" = true ]
}

# The same in a directory of its own, so that the two services do not meet.
attack_again() {
	mkdir -p "$1-$2"
	cd "$1-$2" || return 1
	export HOTSWAP_RUNTIME_DIR=$PWD/run HOTSWAP_STATE_DIR=$PWD/state
	attack "$@"
	cd ..
}

refused_and_told() {
	attack "$1" "$2"
	one_steers # which one, depends on how many tries it took
	grep -q 'hotswap goes on to choose' run.log
}

# A candidate that passes its check is promoted, and its own BPF program chooses
# nothing.  After kill -9 the next supervisor knows that the generation steers.
upgraded_as_others() {
	begin "$1"
	# The supervisor decides a call of the server's before each answer: on a
	# busy machine that takes tens of milliseconds.
	load_begin --rate "$((RATE / 10))"
	steering classic 200
	hotswap upgrade web -- "${PROGRAM[@]}"
	is_role 2 active
	steers 2
	kill -KILL "$(supervisor)"
	until_true hotswap wait web --for ready --timeout 10s 2>/dev/null
	steers 2
	steering none 200
	hotswap upgrade web -- "${PROGRAM[@]}"
	hotswap rollback web
	is_role 2 active
	load_end
}

@test "seccomp: a candidate that attaches a program of its own meets nobody" {
	refused_and_told seccomp classic
}

@test "seccomp: a candidate that attaches an eBPF program meets nobody" {
	may_load || skip "eBPF is not permitted here"
	refused_and_told seccomp ebpf
}

@test "seccomp: a candidate that detaches our program meets nobody" {
	refused_and_told seccomp detach
}

@test "preload: a candidate that attaches a program of its own meets nobody" {
	refused_and_told preload classic
}

@test "preload: a candidate that attaches an eBPF program meets nobody" {
	may_load || skip "eBPF is not permitted here"
	refused_and_told preload ebpf
}

@test "preload: a candidate that detaches our program meets nobody" {
	refused_and_told preload detach
}

@test "a candidate that attaches a program before bind(2) meets nobody" {
	attack seccomp before
	attack_again preload before
}

@test "a candidate that sets SO_REUSEPORT to 0 meets nobody" {
	attack seccomp alone
	attack_again preload alone
}

@test "a candidate that listens twice, or again, meets nobody" {
	attack seccomp twice
	attack_again preload twice
	attack_again seccomp again
	attack_again preload again
}

@test "a candidate that opens its socket anew meets nobody" {
	attack seccomp reopen
	attack_again preload reopen
}

@test "a candidate that goes on with a duplicate meets nobody" {
	attack seccomp duplicate
	attack_again preload duplicate
}

@test "seccomp: a server that steers is upgraded as any other" {
	upgraded_as_others seccomp
}

@test "preload: a server that steers is upgraded as any other" {
	upgraded_as_others preload
}

@test "a server that listens by io_uring is refused, with that reason" {
	local port status=0

	port=$(free_port)
	cp "$BUILD/fixtures/uring_server" .
	timeout 1 ./uring_server "$port" 200 || status=$?
	[ "$status" != 3 ] || skip "Linux 6.11 and io_uring are needed"
	expect 1 hotswap run -n web --shim seccomp --start-timeout 2s -- \
		./uring_server "$port" 200 >said.txt 2>&1
	cat said.txt
	grep -q "listens on 127.0.0.1:$port past the shim, by io_uring" said.txt
	# A candidate with the address of the active generation meets no user.
	begin seccomp
	load_begin --rate "$RATE"
	expect 1 hotswap upgrade web --start-timeout 2s -- \
		./uring_server "$PORT" 500 >said.txt 2>&1
	cat said.txt
	grep -q "listens on 127.0.0.1:$PORT past the shim, by io_uring" said.txt
	load_end
	[ "$(field '[.generations[].version] | unique' load.json)" = '["200"]' ]
}

@test "a candidate that steers past the shim fails with that reason" {
	begin preload
	load_begin --rate "$RATE"
	steering past 200
	expect 1 hotswap upgrade web -- "${PROGRAM[@]}" >said.txt 2>&1
	cat said.txt
	grep -q 'past the shim' said.txt
	load_end
	# The BPF program of the supervisor is in force again.
	steering none 200
	hotswap upgrade web -- "${PROGRAM[@]}"
	is_role 3 active
}

# goes_on STEERING: send one request after the other to a server that shuts its
# socket down and listens again before each request.
goes_on() {
	PORT=$(free_port)
	steering again 200
	mkdir -p "$1"
	cd "$1" || return 1
	export HOTSWAP_RUNTIME_DIR=$PWD/run HOTSWAP_STATE_DIR=$PWD/state
	hotswap run -n web --shim seccomp --steering "$1" --bake 200ms \
		-- "../${PROGRAM[0]}" "${PROGRAM[@]:1}" >>run.log 2>&1 3>&- &
	PIDS+=("$!")
	until_true hotswap wait web --for ready --timeout 10s 2>/dev/null
	for ((i = 0; i < 20; i++)); do
		answered 200
	done
	cd ..
	steering none 201
	hotswap upgrade web -- "${PROGRAM[@]}"
	for ((i = 0; i < 20; i++)); do
		answered 201
	done
}

# answered STATUS: wait for this answer, since the server may not listen yet.
answered() {
	until_true is_answered "$1"
}

is_answered() {
	[ "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$PORT/")" = "$1" ]
}

@test "a server that shuts its socket down and listens again goes on to be reached" {
	goes_on auto
}

@test "--steering classic: a server that listens again goes on to be reached" {
	goes_on classic
}
