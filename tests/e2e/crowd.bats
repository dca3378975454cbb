#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Many addresses and many stored descriptors: all are served through whatever
# happens, and what hotswap writes for them grows as their number does.

load helper

# crowd LISTENERS STORED VERSION: a program with so many of them.
crowd() {
	[ -e crowd ] || cp "$BUILD/fixtures/crowd" .
	CROWD=(./crowd "$PORT" "$@")
}

# begin LISTENERS STORED: run it as `web` until it is ready.
begin() {
	PORT=$(free_port)
	crowd "$1" "$2" v1
	hotswap run -n web --bake 100ms --keep 1m --store-max "$(($2 + 1))" \
		--start-timeout 2m --ready notify -- "${CROWD[@]}" >>run.log 2>&1 3>&- &
	PIDS+=("$!")
	until_true hotswap wait web --for ready --timeout 2m 2>/dev/null
}

# answers ADDRESSES: how many of the addresses answer, with which versions.
answers() {
	local i urls=()

	for ((i = 1; i <= $1; i++)); do
		urls+=("http://127.77.$((i / 256)).$((i % 256)):$PORT/")
	done
	curl -s -m 20 -o /dev/null -w '%header{x-version}\n' "${urls[@]}" |
		sort | uniq -c | awk '{ print $1, $2 }'
}

# crashed: kill the supervisor, and wait for another one.
crashed() {
	BEFORE=$(supervisor)
	kill -KILL "$BEFORE"
	until_true other_supervisor "$BEFORE"
}

# written: the bytes that the supervisor has written so far.
written() {
	sed -n 's/^wchar: //p' "/proc/$(supervisor)/io"
}

# cost LISTENERS STORED: the bytes that are written for an upgrade of so many.
cost() {
	local before

	begin "$1" "$2"
	before=$(written)
	crowd "$1" "$2" v2
	hotswap upgrade web -- "${CROWD[@]}" >&2
	COST=$(($(written) - before))
	START=$before
	hotswap stop web --now
	echo "# $1 listeners, $2 stored: $START, $COST bytes"
}

@test "crowd: 300 addresses are served through upgrade, rollback and crash" {
	begin 300 0
	[ "$(answers 300)" = "300 v1-0" ]
	crowd 300 0 v2
	hotswap upgrade web -- "${CROWD[@]}"
	[ "$(answers 300)" = "300 v2-0" ]
	crashed
	[ "$(answers 300)" = "300 v2-0" ]
	hotswap rollback web
	[ "$(answers 300)" = "300 v1-0" ]
	kill -KILL "$(field '.generations[] | select(.role == "active").pid')"
	until_true answered 300 v1-0
	[ "$(field '.listeners | length')" = 300 ]
}

answered() {
	[ "$(answers "$1")" = "$1 $2" ]
}

@test "crowd: four times the addresses make hotswap write about four times as much" {
	cost 50 0
	start=$START upgrade=$COST
	cost 200 0
	[ "$START" -lt "$((start * 8))" ]
	[ "$COST" -lt "$((upgrade * 8))" ]
}

@test "crowd: four times the stored descriptors make hotswap write about four times as much" {
	cost 1 200
	start=$START
	cost 1 800
	[ "$START" -lt "$((start * 8))" ]
}

# The names of so many are longer than a variable of the environment may be,
# execve(2), and twice as many descriptors could not be open.
@test "crowd: what 9,000 descriptors are called survives each successor" {
	local n=9000

	[ "$(ulimit -Hn)" -ge 12000 ] || skip "needs 12,000 descriptors"
	ulimit -n 12000
	begin 1 "$n"
	crashed
	crashed
	crowd 1 "$n" v2
	hotswap upgrade web -- "${CROWD[@]}"
	[ "$(answers 1)" = "1 v2-$n" ]
}

@test "crowd: 100 addresses are taken over from a supervisor whose keeper is dead" {
	begin 100 0
	BEFORE=$(supervisor)
	kill -KILL "${PIDS[0]}"
	hotswap run -n web --bake 100ms --keep 1m --store-max 1 \
		--start-timeout 2m --ready notify -- "${CROWD[@]}" \
		>>run.log 2>&1 3>&- &
	PIDS+=("$!")
	until_true other_supervisor "$BEFORE"
	[ "$(answers 100)" = "100 v1-0" ]
	crashed
	crowd 100 0 v2
	hotswap upgrade web -- "${CROWD[@]}"
	[ "$(answers 100)" = "100 v2-0" ]
}

@test "crowd: a program is passed the sockets of 400 --listen" {
	local -a listen=()
	local n

	for n in {1..400}; do
		listen+=(-l "$PWD/sock.$n")
	done
	serve "${listen[@]}" --health exec:true -- sh -c \
		'echo "$LISTEN_FDS" >fds; exec sleep 1000'
	[ "$(<fds)" = 401 ]
}
