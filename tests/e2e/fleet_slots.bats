#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# A host that has begun keeps its slot until it has reported.
# shellcheck disable=SC2034 # fleet.bash uses what is set here

load helper
load fleet.bash

export ENGINE=etcd

@test "fleet: a host at work keeps its slot when another rollout begins; a rollback waits for it" {
	local driver

	cluster
	LEASES=([h1]=2) LEASE=30
	BAKE=1h hosts h1 h2
	deploy_all v2
	deploy_all v3
	proxied h1
	hotswap fleet upgrade web v2 --lost 500ms 2>driver.log 3>&- &
	driver=$!
	PIDS+=("$driver")
	until_true has_begun h1 v2
	touch h1/CUT
	expect 1 wait "$driver"
	# h1 works on, and nobody can know it: at-once is 1, so nobody begins.
	expect 1 hotswap fleet upgrade web v3 --lost 500ms 2>said
	cat said
	grep -q "h1 has begun, and its agent does not answer" said
	expect 1 hotswap fleet rollback web
	all_serve v1 h2
	until_true on h1 hotswap promote web
	rm h1/CUT
	until_true reported h1
	all_serve v2 h1
	hotswap fleet upgrade web v3 >driver.log 2>&1 3>&- &
	driver=$!
	PIDS+=("$driver")
	until_true on h1 hotswap promote web
	until_true on h2 hotswap promote web
	wait "$driver"
	all_serve v3
}

# reported HOST: its key does not say that it is at work.
reported() {
	[ "$(key "hosts/$1" | gojq -r .step)" != claimed ]
}
