#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Upgrades and rollbacks of one real server, and their messages.

load helper

@test "upgrade: the new program answers, under the same PID of the supervisor" {
	serve
	[ "$(version)" = v1 ]
	release server v2
	hotswap upgrade web
	[ "$(version)" = v2 ]
	[ "$(field .pid)" = "$SUPERVISOR" ]
	[ "$(field .active)" = 2 ]
}

@test "upgrade: under load no request fails, and both versions have answered" {
	serve
	load_begin --rate 1000 --kept 8 --slow 2 --slow-time 500ms
	until_true has_met v1
	release server v2
	hotswap upgrade web
	until_true has_met v2
	load_end
	[ "$(field '[.generations[].version] | sort' load.json)" = '["v1","v2"]' ]
}

@test "upgrade --json: one object on stdout with result, numbers and phases" {
	serve
	release server v2
	hotswap upgrade web --json >outcome.json
	[ "$(field '[.result, .name, .from, .to]' outcome.json)" = '["promoted","web",1,2]' ]
	[ "$(field '[.phases[].phase]' outcome.json)" = '["resolve","start","check","bake"]' ]
}

@test "upgrade: after its rollout a generation is checked more slowly, not at once" {
	serve --bake 0 --health "exec:echo \$HOTSWAP_GENERATION >>'$PWD/checked'" \
		--health-interval 30s
	release server v2
	hotswap upgrade web
	release server v3
	hotswap upgrade web --health-interval 100ms
	[ "$(grep -c 2 checked)" = 1 ]
	until_true checked_again 3
}

# checked_again N: generation N has been checked after its rollout, too.
checked_again() {
	[ "$(grep -c "$1" checked)" -ge 3 ]
}

@test "upgrade: a broken program is refused with status 1 and the old one serves on" {
	serve
	release server v2 --exit 3
	expect 1 hotswap upgrade web 2>err
	grep -q "exited with status 3" err
	[ "$(version)" = v1 ]
}

@test "upgrade: a second one at the same time is refused with status 2" {
	serve --bake 30s
	release server v2
	hotswap upgrade web --no-wait
	until_true is_version v2
	expect 2 hotswap upgrade web 2>err
	grep -q "rollout from generation 1 to 2" err
	hotswap promote web
}

@test "upgrade with --no-wait returns while the candidate still bakes" {
	serve --bake 30s
	release server v2
	hotswap upgrade web --no-wait
	[ "$(field '.rollout.state != "idle"')" = true ]
	until_true is_version v2
	hotswap promote web
	[ "$(field .rollout.state)" = idle ]
}

@test "upgrade with --timeout: status 75, and the rollout goes on" {
	serve --bake 3s
	release server v2
	expect 75 hotswap upgrade web --timeout 500ms
	hotswap wait web --for idle --timeout 100s
	[ "$(version)" = v2 ]
}

@test "abort: the old one serves all again, the upgrade ends with status 1" {
	serve --bake 30s
	release server v2
	hotswap upgrade web 2>err 3>&- &
	until_true grep -q "gets 100 %" err
	hotswap abort web
	expect 1 wait $!
	[ "$(version)" = v1 ]
	[ "$(field .active)" = 1 ]
}

@test "a candidate that dies in the bake is taken back by itself" {
	serve --bake 10s
	release server v2 --die-after-requests 3
	hotswap upgrade web 2>err 3>&- &
	until_true grep -q "gets 100 %" err
	until_true is_version v1
	expect 1 wait $!
	grep -q "killed by\|exited with" err
}

@test "rollback: to the parked generation at once, without a new process" {
	serve
	release server v2
	hotswap upgrade web
	until_true is_role 1 parked
	before=$(pid_of 1)
	hotswap rollback web --json >outcome.json
	[ "$(field .result outcome.json)" = rolled-back ]
	[ "$(version)" = v1 ]
	[ "$(pid_of 1)" = "$before" ]
}

@test "rollback: a parked generation that has not passed since its restart is checked first" {
	serve --start-timeout 1m --health-interval 20ms \
		--health "exec:test ! -e $PWD/sick.{generation}"
	touch sick.1
	kill -KILL "$(pid_of 1)"
	until_true grep -q "generation 1: started again" run.log
	release server v2
	hotswap upgrade web
	is_role 1 parked
	hotswap rollback web --no-wait
	until_true field_is .rollout.state checking
	[ "$(version)" = v2 ]
	rm sick.1
	until_true is_version v1
}

@test "rollback: after the keep time the old image is started again" {
	serve --keep 0
	release server v2
	hotswap upgrade web
	until_true is_role 1 retired
	hotswap rollback web
	[ "$(version)" = v1 ]
	[ "$(field .active)" = 3 ]
}

@test "rollback: the old bytes run though the file was overwritten in place" {
	serve --keep 0
	cp server old
	release server v2
	hotswap upgrade web
	until_true is_role 1 retired
	hotswap rollback web
	[ "$(version)" = v1 ]
}

@test "rollback: the old bytes run though the file was deleted" {
	serve --keep 0 -- ./server
	release next v2
	hotswap upgrade web -- ./next
	until_true is_role 1 retired
	rm server
	hotswap rollback web
	[ "$(version)" = v1 ]
}

@test "rollback: nothing to go back to is refused with status 2" {
	serve
	expect 2 hotswap rollback web 2>err
	grep -q "nothing to roll back to" err
}

@test "an upgrade goes through while an older generation still drains" {
	serve --keep 0 --drain-timeout 30s
	exec 5<>"/dev/tcp/127.0.0.1/$PORT"
	until_true field_is '.generations[0].connections' 1
	release server v2
	hotswap upgrade web
	until_true is_role 1 draining
	release server v3
	hotswap upgrade web
	[ "$(version)" = v3 ]
	is_role 1 draining
	exec 5>&-
	until_true is_role 1 retired
}

# has_copy: there is a copy of what the active generation runs.
has_copy() {
	[ -e "state/web/images/$(field '.active as $n | .generations[] | select(.number == $n).sha256')" ]
}

# is_forgotten N: the generation is beyond --retain.
is_forgotten() {
	[ "$(field "any(.generations[]; .number == $1)")" = false ]
}

@test "upgrade: its image keeps its copy though older ones are let go meanwhile" {
	serve --keep 500ms --retain 1
	release server v2
	hotswap upgrade web
	until_true is_role 1 retired
	release server v3
	hotswap upgrade web
	release server v4
	hotswap upgrade web --no-wait --check 'until [ -e go ]; do sleep 0.02; done'
	until_true is_forgotten 1
	touch go
	hotswap wait web --for idle --timeout 100s
	is_version v4
	has_copy
}

@test "stop: drains, ends all processes, and the supervisor ends with 0" {
	serve
	load_begin --slow 1 --slow-time 1s
	until_true field_is '.generations[0].connections' 1
	pid=$(pid_of 1)
	echo stop >steer
	hotswap stop web
	expect 0 wait "$SUPERVISOR"
	expect 1 kill -0 "$pid" 2>/dev/null
	wait "$CLIENT"
}

@test "stop: once it returns the name is free, though the keeper has not ended yet" {
	local keeper

	serve
	keeper=$SUPERVISOR
	kill -STOP "$keeper"
	hotswap stop web
	release server v2
	serve
	kill -CONT "$keeper"
	expect 0 wait "$keeper"
	[ "$(version)" = v2 ]
}

@test "soak: after 60 upgrades descriptors, processes and files are as after 50" {
	HOTSWAP_BUILD=$BUILD python3 "$BATS_TEST_DIRNAME/../soak.py" 60
}

# not_taken READY [OPTIONS...]: a candidate that counts as ready by this rule and
# has no socket on PORT is refused with that reason, though the active one
# answers.
not_taken() {
	release server v1
	hotswap run -n web --shim seccomp --bake 200ms --keep 0 --ready "$@" \
		--health-interval 100ms \
		-- ./server --bind "127.0.0.1:$PORT" >>run.log 2>&1 3>&- &
	PIDS+=("$!")
	until_true is_version v1
	until_true hotswap wait web --for ready --timeout 10s 2>/dev/null
	release server v2 --hang-before-serve
	until_true does_not_listen
	[ "$(version)" = v1 ]
	hotswap stop web --now
}

# does_not_listen: a candidate is refused for that, once the machine has had the
# time for it.
does_not_listen() {
	expect 1 hotswap upgrade web --start-timeout 1s 2>said && cat said &&
		grep -q "it does not listen on 127.0.0.1:$PORT" said
}

@test "upgrade: a candidate that is ready by a time and has no socket is refused" {
	PORT=$(free_port)
	not_taken 100ms
	not_taken 100ms --health "http://127.0.0.1:$PORT/"
	not_taken exec:true --health exec:true
}
