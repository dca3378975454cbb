#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# --warm: requests to a new generation before its first share.

load helper

setup() {
	setup_service
	PORT=$(free_port)
	URL=http://127.0.0.1:$PORT
}

# reasons: print the outcome and the reason of the last rollout.
reasons() {
	hotswap history web --json | tail -n 1 | gojq -r '.result + ": " + .reason'
}

@test "warm: a candidate is asked before its first share, and users are not" {
	serve
	load_begin --rate 500
	release server v2
	hotswap upgrade web --warm "$URL/" --warm-count 300 --warm-parallel 3
	load_end
	grep -q "generation 2: warmed up: [0-9]* requests, 0 failed" run.log
	# Its events come in this order.
	[ "$(grep -o "generation 2: \(warmed up\|gets 100\)" run.log | head -n 1)" = \
		"generation 2: warmed up" ]
}

@test "warm: the requests reach the candidate alone" {
	# A second generation that dies of its 50th request gets them all.
	serve --warm "$URL/" --warm-count 200
	[ "$(version)" = v1 ]
	release server v2 --die-after-requests 50 --exit 3
	expect 1 hotswap upgrade web 2>err
	[ "$(version)" = v1 ]
	[ "$(field '.generations[0].restarts')" = 0 ]
}

@test "warm: a rollback does not warm up again" {
	serve --warm "$URL/" --warm-count 100 --park-signal WINCH \
		--unpark-signal WINCH
	release server v2
	hotswap upgrade web
	hotswap rollback web
	[ "$(version)" = v1 ]
	# Nor does one that starts its program again.
	release server v3
	hotswap upgrade web --keep 0
	until_true field_is '[.generations[] | select(.role == "parked")]' '[]'
	hotswap rollback web
	[ "$(version)" = v1 ]
	[ "$(grep -c "warmed up" run.log)" = 3 ]
}

@test "warm: if no request passes, the rollout fails and says why" {
	serve --warm-count 50
	release server v2
	expect 1 hotswap upgrade web --warm "$URL/nowhere" 2>err
	grep -q "warm-up: no request of [0-9]* has passed: answered 404" err
	reasons | grep -q "aborted: .*answered 404"
	[ "$(version)" = v1 ]
}

@test "warm: it ends with its time, and what was under way is no failure" {
	serve
	release server v2
	until_true warmed_up
	run ! grep "warmed up: .*, [1-9][0-9]* failed" run.log
	[ "$(version)" = v2 ]
}

# warmed_up: a request at least has passed in the time that there was.
warmed_up() {
	hotswap upgrade web --warm "$URL/slow?ms=300" --warm-count 100000 \
		--start-timeout 4s &&
		grep -q "warmed up: [1-9][0-9]* requests" run.log
}

@test "warm: it is checked again after it, and stopped with the rollout" {
	serve
	release server v2
	hotswap upgrade web --no-wait --warm "$URL/slow?ms=100" \
		--warm-count 100000 --start-timeout 1m
	until_true field_is .rollout.state checking
	hotswap abort web
	until_true field_is '.generations[1].role' failed
	[ "$(version)" = v1 ]
	until_true no_check_is_under_way
}

no_check_is_under_way() {
	! checks_under_way
}

@test "warm: only http and https, and at most 16 connections" {
	expect 64 hotswap run -n web --warm tcp://127.0.0.1:1 -- ./server 2>err
	grep -q "warm.*http:// or https://" err
	expect 64 hotswap run -n web --warm-parallel 17 -- ./server 2>err
	grep -q "warm-parallel.*from 1 to 16" err
	expect 64 hotswap-probe --warm 3 tcp://127.0.0.1:1 2>err
}
