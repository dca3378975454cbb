#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Models that Spin searches, of a rollout and of a fleet's protocol: `make model`
# is longer.  What the end of each test does, holding what happened against the
# model of a rollout, would notice what cannot happen.

load helper

setup() {
	setup_service
}

@test "model: no order of steps and deaths breaks a promise, and each mutant does" {
	command -v spin >/dev/null || skip "takes spin"
	[ -x "$BUILD/model/replay" ]
	"$BATS_TEST_DIRNAME/../model/run.sh" short
}

@test "model: events of real services that are changed, dropped, swapped or doubled are rejected" {
	serve --keep 1s
	release server v2
	hotswap upgrade web --canary 10,50 --step-time 50ms
	release server v3
	hotswap upgrade web --bake 30s --no-wait
	until_true field_is .rollout.state baking
	kill -KILL "$(pid_of 3)"
	until_true field_is .rollout.state idle
	release server v4 --exit 3
	expect 1 hotswap upgrade web
	kill -KILL "$(supervisor)"
	until_true hotswap wait web --for drained --timeout 100s
	release server v5
	hotswap upgrade web
	hotswap rollback web
	hotswap stop web
	mv state/web shared

	unset PORT
	serve --strategy exclusive --stop-timeout 2s
	release server v2
	hotswap upgrade web --bake 30s --no-wait
	until_true field_is .rollout.state baking
	hotswap abort web
	hotswap stop web
	mv state/web exclusive

	unset PORT
	PORT=$(free_port)
	hotswap run -n web -l "127.0.0.1:$PORT" --ready "exec:test -e $PWD/go" \
		--restart-limit 1000/60s -- ./server >>run.log 2>&1 3>&- &
	PIDS+=("$!")
	until_true field_is .rollout.state starting
	hotswap reexec web
	touch go
	until_true hotswap wait web --for ready --timeout 10s
	supervisor=$(supervisor)
	cat >server.new <<-END
		#!/bin/sh
		prlimit --pid $supervisor --nofile=3:
		exit 3
	END
	chmod +x server.new
	mv server.new server
	expect 1 hotswap upgrade web --strategy exclusive
	prlimit --pid "$supervisor" --nofile=1024:
	until_true is_version v2
	release server v3
	hotswap upgrade web --strategy exclusive --bake 100ms
	hotswap stop web
	"$BATS_TEST_DIRNAME/../model/mutate.py" shared/events exclusive/events \
		state/web/events
}
