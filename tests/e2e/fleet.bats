#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# A release over several hosts, with the state in a real store.  The same tests
# run with etcd and, by the link fleet_zookeeper.bats, with ZooKeeper.

load helper
load fleet.bash

case $BATS_TEST_FILENAME in
*zookeeper*) ENGINE=zookeeper ;;
*) ENGINE=etcd ;;
esac
export ENGINE

@test "fleet: a release goes over all hosts, one first" {
	cluster
	hosts h1 h2 h3
	deploy_all v2
	hotswap fleet upgrade web v2 >said 2>&1
	cat said
	grep -q "upgrade to v2, 3 hosts" said
	[ "$(grep -c "promoted," said)" -ge 3 ]
	all_serve v2
	[ "$(readlink h3/current)" = "$PWD/h3/releases/v2" ]
	hotswap fleet status web >status
	cat status
	grep -q "web 1: upgrade to v2, done: 3 of 3 hosts promoted" status
	hotswap fleet history web | grep -q "promoted *v2 *3 of 3"
	expect 2 hotswap fleet stop web
}

@test "fleet: a bad release touches one host; resume tries again, rollback takes back" {
	cluster
	hosts h1 h2 h3
	deploy_all v2 --exit 3
	expect 1 hotswap fleet upgrade web v2 --json >outcome
	[ "$(jq -c '[.result, .promoted, .untouched, (.failed | length)]' \
	    outcome)" = '["halted",0,2,1]' ]
	jq -r '.failed[0].reason' outcome | grep -q .
	all_serve v1
	# It was mended under the same name.
	deploy_all v2
	hotswap fleet resume web
	all_serve v2
	deploy_all v3
	hotswap fleet upgrade web v3
	hotswap fleet rollback web >said 2>&1 || { cat said h1/agent.log; false; }
	cat said
	all_serve v2
	[ "$(readlink h2/current)" = "$PWD/h2/releases/v2" ]
	expect 2 hotswap fleet rollback web
	[ "$(hotswap fleet history web --json | jq -c 'map(.result)')" = \
	    '["promoted","promoted","promoted"]' ]
}
