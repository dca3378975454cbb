#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The supervisor, or its keeper as well, is stopped for STOPPED seconds under
# load: traffic goes on, and no program is blamed for what happened meanwhile.

load helper

# Only time can show that nothing is reported: that is what the sleeps are for.

# stop_for PID...: stop the processes for STOPPED seconds, and check that all is
# served.
stop_for() {
	kill -STOP "$@"
	sleep "${STOPPED:-3}"
	is_version "$SERVES"
	kill -CONT "$@"
	until_true responds
}

responds() {
	timeout 2 hotswap status web >/dev/null 2>&1
}

# serve_checked OPTIONS...: serve with checks whose times are much shorter.
serve_checked() {
	PORT=$(free_port)
	serve --health "http://127.0.0.1:$PORT/" --health-interval 100ms \
		--health-timeout 1s --on-unhealthy restart "$@"
	SERVES=v1
	load_begin --rate 500 --kept 4
}

# Stops the supervisor at the beginning of the bake; its PID is in the file
# itself.
# shellcheck disable=SC2016 # the hook's shell expands it
STOP_IN_BAKE='shifted=kill -STOP $(cat itself)'

# is_stopped PID: a signal has stopped the process.
is_stopped() {
	grep -q '^State:[[:space:]]*T' "/proc/$1/status"
}

# bake_ms: print how long the last rollout's bake took.
bake_ms() {
	hotswap history web --json | tail -n 1 >outcome
	field '.phases[] | select(.phase == "bake") | .ms' outcome
}

# is_unharmed: no generation was found sick, started again or given up.
is_unharmed() {
	[ "$(field '[.generations[].restarts] | add')" = 0 ]
	# A check may fail on a busy machine, but not the next one.
	until_true field_is '[.generations[].health.failures] | add' 0
	load_end
}

@test "stopped: a supervisor at rest, and its checks" {
	serve_checked
	stop_for "$(supervisor)"
	stop_for "$SUPERVISOR" "$(supervisor)"
	is_unharmed
}

@test "stopped in the bake: the candidate is watched on, and promoted" {
	serve_checked --bake 8s --hook "$STOP_IN_BAKE"
	release server v2
	supervisor=$(supervisor)
	echo "$supervisor" >itself
	hotswap upgrade web --no-wait
	until_true is_stopped "$supervisor"
	SERVES=v2
	stop_for "$supervisor"
	hotswap wait web --for idle --timeout 100s
	[ "$(field .active)" = 2 ]
	# The time in which it was stopped was no bake, but for a second that it
	# may take for its own.
	[ "$(bake_ms)" -ge $((8000 + ${STOPPED:-3} * 1000 - 1000)) ]
	is_unharmed
}

@test "stopped in the bake: a candidate that got sick meanwhile is taken back" {
	PORT=$(free_port)
	serve --health "exec:test ! -e sick.{generation}" --bake 20s \
		--health-interval 100ms --health-timeout 1s \
		--hook "$STOP_IN_BAKE"
	release server v2
	supervisor=$(supervisor)
	echo "$supervisor" >itself
	hotswap upgrade web --no-wait
	until_true is_stopped "$supervisor"
	SERVES=v2
	: >sick.2
	stop_for "$supervisor"
	until_true is_version v1
	[ "$(role 2)" = failed ]
}

@test "stopped while a candidate starts: it gets its time" {
	local STOPPED=6

	release server v1 --notify
	serve_checked --ready notify --start-timeout 6s
	release server v2 --notify --ready-after 2000
	supervisor=$(supervisor)
	hotswap upgrade web --no-wait
	stop_for "$supervisor"
	hotswap wait web --for idle --timeout 100s
	[ "$(field .active)" = 2 ]
	is_unharmed
}

@test "stopped in a canary: the shares hold, and it goes on" {
	serve_checked --bake 500ms
	release server v2
	supervisor=$(supervisor)
	hotswap upgrade web --no-wait --canary 20,50 --step-time 1s
	kill -STOP "$supervisor"
	sleep "${STOPPED:-3}"
	kill -CONT "$supervisor"
	until_true responds
	hotswap wait web --for idle --timeout 100s
	[ "$(field .active)" = 2 ]
	is_unharmed
}
