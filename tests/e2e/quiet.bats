#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# --quiet: a candidate yields the processor, and what serves never does.

load helper

setup() {
	setup_service
	yielding_can_end || skip "takes root's CAP_SYS_NICE and CAP_SYS_ADMIN"
	# What hotswap starts, a thread of it, and a child in its session.
	cat >program <<-END
		#!/bin/sh
		[ ! -e behaves ] || . ./behaves
		./sleep 1000 &
		exec ./server "\$@"
	END
	chmod 755 program
	cp "$(command -v sleep)" sleep
	GROUPED=$(cat /proc/sys/kernel/sched_autogroup_enabled 2>/dev/null) || :
}

yielding_can_end() {
	[ "$(id -u)" = 0 ] && nice -n 1 sh -c 'renice -n 0 $$' &&
		setsid sh -c 'cd /proc/self; [ ! -e autogroup ] ||
			{ echo 1 >autogroup && echo 0 >autogroup; }'
} >/dev/null 2>&1

# begin OPTION...: serve the program quietly, with a check that passes as soon as
# there is a file ./ok, and from now on does not.
begin() {
	touch ok
	serve_program ./program --quiet --health "exec:test -e '$PWD/ok'" \
		--health-interval 100ms --health-failures 1000 "$@"
	rm ok
}

serve_program() {
	PORT=$(free_port)
	hotswap run -n web -l "127.0.0.1:$PORT" --bake 200ms --keep 1m \
		"${@:2}" -- "$1" >>run.log 2>&1 3>&- &
	PIDS+=($!)
	hotswap wait web --for ready --timeout 100s
}

# quiet_upgrade: begin an upgrade whose candidate waits for ./ok.
quiet_upgrade() {
	release server v2
	hotswap upgrade web --no-wait
	until_true field_is .rollout.state checking
	until_true has_child 2
}

has_child() {
	[ "$(generation "$1" '.pids | length')" -ge 2 ]
}

# policies N: print how each thread of generation N is scheduled, and its
# session's nice value.
policies() {
	# shellcheck disable=SC2046
	python3 - $(generation "$1" '.pids[]') <<-'END'
		import os, re, sys
		for pid in sys.argv[1:]:
		    for tid in os.listdir(f"/proc/{pid}/task"):
		        policy = os.sched_getscheduler(int(tid))
		        print("idle" if policy == os.SCHED_IDLE else policy)
		    if open("/proc/sys/kernel/sched_autogroup_enabled").read()[0] == "1":
		        with open(f"/proc/{pid}/autogroup") as f:
		            print(re.search("nice.*", f.read())[0])
	END
}

yields() {
	local said

	said=$(policies "$1") && grep -qx idle <<<"$said" &&
		{ [ "$GROUPED" != 1 ] || grep -qx "nice 19" <<<"$said"; }
}

# is_ordinary N: generation N has processes, and nothing of it yields.
is_ordinary() {
	local said

	said=$(policies "$1") && [ -n "$said" ] &&
		! grep -qxE 'idle|nice 19' <<<"$said"
}

is_quiet() {
	[ "$(generation "$1" .quiet)" = true ]
}

@test "quiet: a candidate yields until it gets a share, with all its processes" {
	begin
	is_ordinary 1
	quiet_upgrade
	yields 2
	is_quiet 2
	is_ordinary 1
	[ "$(policies 2 | grep -cx idle)" -ge 2 ]
	touch ok
	until_true field_is .rollout.state idle
	[ "$(version)" = v2 ]
	is_ordinary 2
	run ! is_quiet 2
}

@test "quiet: with its first share of a few percent it does not yield any more" {
	begin --canary 10 --step-time 1h
	quiet_upgrade
	yields 2
	touch ok
	until_true field_is .rollout.state shifting
	is_ordinary 2
	# Started again, it does not yield either.
	kill -KILL "$(pid_of 1)"
	until_true generation_lives 1
	is_ordinary 1
	hotswap promote web
	is_ordinary 2
}

generation_lives() {
	[ "$(generation "$1" .restarts)" = 1 ] && [ "$(pid_of "$1")" != 0 ]
}

@test "quiet: a first start, a rollback and an exclusive rollout do not yield" {
	begin --strategy exclusive
	is_ordinary 1
	echo >>program
	hotswap upgrade web --no-wait
	until_true field_is .rollout.state checking
	is_ordinary 2
	touch ok
	until_true field_is .rollout.state idle
	is_ordinary 2
	hotswap rollback web
	is_ordinary 3
}

@test "quiet: a rollout that a reexec hands over goes on, and nothing yields" {
	begin
	quiet_upgrade
	yields 2
	hotswap reexec web
	until_true is_ordinary 2
	run ! is_quiet 2
	touch ok
	until_true is_version v2
	is_ordinary 2
}

@test "quiet: after a kill -9 of the supervisor nothing that serves yields" {
	begin
	quiet_upgrade
	yields 2
	kill -KILL "$(supervisor)"
	until_true field_is '.generations[1].role' failed
	touch ok
	is_ordinary 1
	hotswap upgrade web
	[ "$(version)" = v2 ]
	is_ordinary 3
}

@test "quiet: it ends with a third of the time to start" {
	begin --start-timeout 12s
	quiet_upgrade
	until_true is_ordinary 2
	field_is .rollout.state checking
	touch ok
	until_true is_version v2
}

@test "quiet: what the program has set itself stays" {
	begin
	cat >behaves <<-'END'
		until chrt -p $$ | grep -q SCHED_IDLE; do sleep 0.1; done
		renice -n 5 $$
		chrt -b -p 0 $$
		touch behaved
	END
	quiet_upgrade
	until_true test -e behaved
	touch ok
	until_true field_is .rollout.state idle
	[ "$(version)" = v2 ]
	MAIN=$(pid_of 2)
	chrt -p "$MAIN" | grep -q SCHED_BATCH
	[ "$(ps -o ni= -p "$MAIN")" -eq 5 ]
	until_true group_is_ordinary
}

group_is_ordinary() {
	[ "$GROUPED" != 1 ] || grep -q 'nice 0$' "/proc/$MAIN/autogroup"
}

@test "quiet: where it could not be ended it is not begun, and the log says why" {
	PATH=$PWD/aside:$PATH
	mkdir aside
	cat >aside/hotswap <<-END
		#!/bin/sh
		exec setpriv --bounding-set -sys_nice --inh-caps -sys_nice \
			'$BUILD/bin/hotswap' "\$@"
	END
	chmod 755 aside/hotswap
	begin
	quiet_upgrade
	is_ordinary 2
	run ! is_quiet 2
	grep -q "quiet has no effect: .*CAP_SYS_NICE" run.log
	touch ok
	until_true is_version v2
}
