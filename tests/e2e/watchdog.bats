#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# A program that has promised to send WATCHDOG=1, and one that has not.

load helper

# This must never appear if the program keeps its promise.
nothing_hung() {
	expect 1 grep -E "hung|aborted|crashed" run.log
}

@test "watchdog: a program that falls silent is ended and started again" {
	release server v1 --notify --silent-after 300
	serve --watchdog 400ms --restart-limit 1000/60s
	program=$(pid_of 1)
	[ "$(field '.generations[0].watchdog_ms')" = 400 ]
	until_true grep -q "active sent no WATCHDOG=1 for 0.4 s: aborted" run.log
	until_true grep -q "crashed.*\|active killed by SIGABRT" run.log
	until_true is_version v1
	until_true expect 1 kill -0 "$program"
	[ "$(field '.generations[0].restarts')" -ge 1 ]
}

@test "watchdog: a program that shows life is left alone, and without one silence is nothing" {
	release server v1 --notify --silent-after 0
	serve --watchdog 4s
	program=$(pid_of 1)
	release server v2 --notify
	hotswap upgrade web --watchdog 0 --bake 5s
	[ "$(field '.generations[1].watchdog_ms')" = 0 ]
	nothing_hung
	[ "$(pid_of 1)" = "$program" ]
}

@test "watchdog: a candidate that is silent fails its rollout, with that reason" {
	serve
	release server v2 --notify --silent-after 1000
	expect 1 hotswap upgrade web --watchdog 2300ms --bake 1m
	hotswap history web --json >history
	[ "$(field .result history)" = rolled-back ]
	[ "$(field .reason history)" = \
	    "the program sent no WATCHDOG=1 for 2.3 s" ]
	[ "$(version)" = v1 ]
	until_true is_role 2 failed
}

@test "watchdog: WATCHDOG=trigger fails at once, whatever --watchdog says" {
	serve
	release server v2 --notify --tell WATCHDOG=trigger
	expect 1 hotswap upgrade web --ready notify --bake 1m
	hotswap history web --json >history
	[ "$(field .reason history)" = \
	    "the program sent WATCHDOG=trigger" ]
	[ "$(version)" = v1 ]
}

@test "watchdog: WATCHDOG_USEC changes the time at run time, over the supervisor's death too" {
	release server v1 --notify --tell WATCHDOG_USEC=60000000
	serve --watchdog 1h
	until_true field_is '.generations[0].watchdog_ms' 60000
	kill -KILL "$(supervisor)"
	until_true field_is '.generations[0].watchdog_ms' 60000
}

@test "watchdog: a parked program may be silent, and is watched again once it serves" {
	release server v1 --notify --silent-after 0
	serve --watchdog 2s
	program=$(pid_of 1)
	release server v2 --notify --silent-after 0
	hotswap upgrade web
	is_role 1 parked
	kill -STOP "$program"
	# It has been silent for longer than its time by then.
	until_true parked_for_a_while
	kill -0 "$program"
	hotswap rollback web
	until_true grep -q "active sent no WATCHDOG=1" run.log
}

parked_for_a_while() {
	[ "$(field '.generations[0].left_ms')" -lt 57500 ]
}

@test "watchdog: one that is stopped dies of it as well" {
	release server v1 --notify --silent-after 0
	serve --watchdog 2s
	program=$(pid_of 1)
	kill -STOP "$program"
	until_true grep -q "active sent no WATCHDOG=1" run.log
	until_true expect 1 kill -0 "$program"
	until_true is_version v1
}

# continue_after MS PIDS...: let processes that were stopped go on.
continue_after() {
	python3 -c 'import os, signal, sys, time
end = time.monotonic() + int(sys.argv[1]) / 1000
while time.monotonic() < end: time.sleep(0.01)
for pid in sys.argv[2:]: os.kill(int(pid), signal.SIGCONT)' "$@"
}

@test "watchdog: a supervisor that was stopped for periods kills nothing, under load" {
	release server v1 --notify --silent-after 0
	serve --watchdog 4s
	program=$(pid_of 1)
	itself=$(supervisor)
	load_begin --rate 500 --kept 8
	kill -STOP "$itself"
	continue_after 9000 "$itself"
	hotswap status web >/dev/null
	# The keeper too, and the program with them for a part of it.
	kill -STOP "$SUPERVISOR" "$itself"
	continue_after 5000 "$itself" "$SUPERVISOR"
	load_end
	kill -STOP "$itself" "$SUPERVISOR" "$program"
	continue_after 5000 "$SUPERVISOR" "$itself" "$program"
	release server v2 --notify --silent-after 0
	hotswap upgrade web --bake 5s
	nothing_hung
	[ "$(pid_of 1)" = "$program" ]
}

@test "watchdog: a supervisor that was killed counts anew" {
	release server v1 --notify --silent-after 0
	serve --watchdog 4s
	program=$(pid_of 1)
	kill -STOP "$SUPERVISOR"
	kill -KILL "$(supervisor)"
	continue_after 5000 "$SUPERVISOR"
	release server v2 --notify --silent-after 0
	until_true hotswap upgrade web --bake 5s
	nothing_hung
	[ "$(pid_of 1)" = "$program" ]
}
