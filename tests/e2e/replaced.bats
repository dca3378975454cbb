#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# A program that is started again, or after its predecessor (--strategy
# exclusive), gets the socket in which clients wait instead of its own: what it
# has done with its own one counts all the same.

load helper

# early VERSION: the server that watches its socket before it binds it.
early() {
	EARLY=("$BUILD/fixtures/early_epoll" "$PORT" "$1")
}

# begin OPTIONS...: run it as `web` until it is ready.
begin() {
	PORT=$(free_port)
	early v1
	hotswap run -n web --bake 100ms --keep 1m "$@" -- \
		"${EARLY[@]}" >>run.log 2>&1 3>&- &
	PIDS+=("$!")
	until_true hotswap wait web --for ready --timeout 10s 2>/dev/null
	[ "$(version)" = v1.72.3 ]
}

# answers_always VERSION: each of some clients gets this answer.
answers_always() {
	for _ in 1 2 3 4 5; do
		[ "$(version)" = "$1" ]
	done
}

crashes_and_answers() {
	for _ in 1 2; do
		before=$(pid_of 1)
		kill -KILL "$before"
		until_true started_again
		answers_always v1.72.3
	done
}

started_again() {
	local now

	now=$(pid_of 1) && [ "$now" != 0 ] && [ "$now" != "$before" ]
}

# pid_of GENERATION: its main process.
pid_of() {
	generation "$1" .pid
}

@test "replaced: a server that watched its socket before bind answers after a crash" {
	begin --shim seccomp
	crashes_and_answers
}

@test "replaced: the same with --shim preload" {
	begin --shim preload
	crashes_and_answers
}

@test "replaced: the same with --strategy exclusive" {
	begin --strategy exclusive --drain-timeout 100ms
	early v2
	hotswap upgrade web -- "${EARLY[@]}"
	answers_always v2.72.3
	hotswap rollback web
	answers_always v1.72.3
}
