#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# What etcd alone can do to a fleet.
# shellcheck disable=SC2034 # fleet.bash uses what is set here

load helper
load fleet.bash

ENGINE=etcd

@test "fleet, etcd: the answer to each commit is lost: what was done is found, and done once" {
	local port

	cluster
	hosts h1 h2
	deploy_all v2
	port=$(free_port)
	mkdir net
	python3 "$BATS_TEST_DIRNAME/proxy.py" "$port" "${CLIENT_PORTS[0]}" \
		net 3>&- &
	PIDS+=("$!")
	until_true listens "$port"
	(endpoints "$port" && conf ci.conf ci)
	touch net/DEAF
	hotswap fleet upgrade web v2
	all_serve v2
	[ "$(on h1 hotswap history web --json | gojq -s length)" = 1 ]
	deploy_all v3 --exit 3
	expect 1 hotswap fleet upgrade web v3
	all_serve v2
}

@test "fleet, etcd: the answers to an agent's commits are lost" {
	local port

	cluster
	hosts h1 h2
	deploy_all v2
	proxied h1
	touch h1/DEAF
	hotswap fleet upgrade web v2
	all_serve v2
	[ "$(on h1 hotswap history web --json | gojq -s length)" = 1 ]
}

@test "fleet, etcd: a history that is compacted while agents and a driver watch" {
	local revision

	cluster
	LEASE=30 BAKE=3s hosts h1 h2
	deploy_all v2
	hotswap fleet upgrade web v2 >driver.log 2>&1 3>&- &
	PIDS+=("$!")
	until_true has_begun h1 v2
	# The watches stop at a revision that is gone.
	kill -STOP "$(<h2/agent)"
	for _ in 1 2 3; do
		ctl put /hotswap/web/weights/h1 50 >/dev/null
	done
	revision=$(ctl endpoint status --write-out json |
		gojq '.[0].Status.header.revision')
	ctl compact "$revision" --physical >/dev/null
	kill -CONT "$(<h2/agent)"
	wait "${PIDS[-1]}"
	all_serve v2
}

@test "fleet, etcd: the leader changes in the middle" {
	local leader i

	cluster 3
	BAKE=500ms hosts h1 h2
	deploy_all v2
	hotswap fleet upgrade web v2 >driver.log 2>&1 3>&- &
	PIDS+=("$!")
	until_true has_begun h1 v2
	leader=$(ctl endpoint status --write-out json |
		gojq -r '.[] | select(.Status.leader ==
		    .Status.header.member_id).Endpoint')
	for i in 0 1 2; do
		[ "http://127.0.0.1:${CLIENT_PORTS[i]}" != "$leader" ] ||
			kill -KILL "${MEMBERS[i]}"
	done
	wait "${PIDS[-1]}"
	all_serve v2
}
