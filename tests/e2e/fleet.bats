#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# A release over several hosts, with the state in a real store.  The same tests
# run with etcd and, by the link fleet_zookeeper.bats, with ZooKeeper.
# shellcheck disable=SC2034 # fleet.bash uses what is set here

load helper
load fleet.bash

case $BATS_TEST_FILENAME in
*zookeeper*) ENGINE=zookeeper ;;
*) ENGINE=etcd ;;
esac

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
	unharmed
}

@test "fleet: a bad release touches one host; resume tries again, rollback takes back" {
	cluster
	hosts h1 h2 h3
	deploy_all v2 --exit 3
	expect 1 hotswap fleet upgrade web v2 --json >outcome
	[ "$(gojq -c '[.result, .promoted, .untouched, (.failed | length)]' \
	    outcome)" = '["halted",0,2,1]' ]
	gojq -r '.failed[0].reason' outcome | grep -q .
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
	[ "$(hotswap fleet history web --json | gojq -c 'map(.result)')" = \
	    '["promoted","promoted","promoted"]' ]
	unharmed
}

# local_upgrades HOST: how many rollouts the host's supervisor has had.
local_upgrades() {
	on "$1" hotswap history web --json | gojq -s 'length'
}

# upgrade_begins RELEASE OPTIONS...: in the background; DRIVER is its PID.
upgrade_begins() {
	hotswap fleet upgrade web "$@" >>driver.log 2>&1 3>&- &
	DRIVER=$!
	PIDS+=("$!")
}

# ended PID: wait for the process; STATUS is its exit status.
ended() {
	STATUS=0
	wait "$1" || STATUS=$?
}

# ends STATUS: the driver in the background does.
ends() {
	ended "$DRIVER"
	[ "$STATUS" = "$1" ] || {
		cat driver.log
		return 1
	}
}

@test "fleet: an agent is killed at each moment: nothing is done twice, nothing is lost" {
	local i

	cluster
	BAKE=150ms hosts h1 h2
	for i in 1 2 3 4 5; do
		deploy_all "r$i"
		upgrade_begins "r$i"
		sleep "0.0$((i * 2 - 1))"
		kill -KILL "$(<h1/agent)"
		agent h1
		ends 0
		all_serve "r$i"
		[ "$(local_upgrades h1)" = "$i" ]
		[ "$(local_upgrades h2)" = "$i" ]
	done
	unharmed
}

@test "fleet: a driver that is killed: anybody goes on, and gets the same status" {
	cluster
	LEASE=30 BAKE=500ms hosts h1 h2
	deploy_all v2
	# While an agent is stopped the rollout cannot end.
	kill -STOP "$(<h2/agent)"
	upgrade_begins v2
	until_true has_begun h1 v2
	kill -KILL "$DRIVER"
	kill -CONT "$(<h2/agent)"
	hotswap fleet resume web
	all_serve v2
	hotswap fleet resume web
	deploy_all v3 --exit 3
	kill -STOP "$(<h1/agent)"
	upgrade_begins v3
	until_true grep -q "upgrade to v3" driver.log
	kill -KILL "$DRIVER"
	kill -CONT "$(<h1/agent)"
	expect 1 hotswap fleet resume web
	all_serve v2
	unharmed
}

@test "fleet: one of two upgrades is refused, and two drivers do no harm" {
	local first second

	cluster
	LEASE=30 BAKE=300ms hosts h1 h2 h3
	deploy_all v2
	# While an agent is stopped no rollout ends, so the first to end is refused.
	kill -STOP "$(<h1/agent)"
	upgrade_begins v2
	first=$DRIVER
	upgrade_begins v2
	second=$DRIVER
	until_true eval '! kill -0 "$first" || ! kill -0 "$second"'
	kill -CONT "$(<h1/agent)"
	ended "$first"
	first=$STATUS
	ended "$second"
	[ "$((first + STATUS))" = 2 ]
	all_serve v2
	deploy_all v3
	kill -STOP "$(<h2/agent)"
	upgrade_begins v3
	until_true has_begun h1 v3
	expect 2 hotswap fleet upgrade web v2
	kill -CONT "$(<h2/agent)"
	hotswap fleet resume web
	ends 0
	all_serve v3
	[ "$(local_upgrades h1)" = 2 ]
	[ "$(local_upgrades h3)" = 2 ]
	unharmed
}

@test "fleet: stop halts, resume goes on" {
	cluster
	LEASE=30 BAKE=500ms hosts h1 h2 h3
	deploy_all v2
	kill -STOP "$(<h2/agent)" "$(<h3/agent)"
	upgrade_begins v2
	until_true has_begun h1 v2
	hotswap fleet stop web
	kill -CONT "$(<h2/agent)" "$(<h3/agent)"
	ends 1
	# Who has begun ends; nobody else begins.
	all_serve v2 h1
	all_serve v1 h2 h3
	hotswap fleet status web | grep -q "halted by .*stopped by hand"
	hotswap fleet resume web
	all_serve v2
	[ "$(local_upgrades h1)" = 1 ]
	unharmed
}

@test "fleet: a host that cannot be reached before it begins is absent" {
	cluster
	LEASES=([h2]=2) LEASE=30
	hosts h1 h2
	deploy_all v2
	proxied h2
	touch h2/CUT
	until_true is_alive h2 false
	expect 75 hotswap fleet upgrade web v2 --lost 500ms 2>said
	grep -q "h2 is absent" said
	all_serve v2 h1
	all_serve v1 h2
	rm h2/CUT
	until_true is_alive h2 true
	# It is absent again if the machine makes it miss its short lease.
	until_true hotswap fleet resume web
	all_serve v2
	touch h2/CUT
	until_true is_alive h2 false
	deploy_all v3
	hotswap fleet upgrade web v3 --lost 500ms --absent 1
	all_serve v2 h2
	unharmed
}

@test "fleet: a host that cannot be reached after it has begun: halt, and its report comes later" {
	cluster
	LEASES=([h1]=2) LEASE=30
	BAKE=1h hosts h1 h2
	deploy_all v2
	proxied h1
	upgrade_begins v2 --lost 500ms
	until_true has_begun h1 v2
	touch h1/CUT
	ends 1
	grep -q "h1 has begun, and its agent does not answer" driver.log
	until_true on h1 hotswap promote web
	all_serve v2 h1
	all_serve v1 h2
	rm h1/CUT
	until_true has_step h1 promoted
	resumed h2
	all_serve v2
	[ "$(local_upgrades h1)" = 1 ]
	unharmed
}

# resumed HOST: the rollout is resumed and ends, once this host's bake is ended.
resumed() {
	hotswap fleet resume web >>driver.log 2>&1 3>&- &
	DRIVER=$!
	PIDS+=("$!")
	until_true on "$1" hotswap promote web
	ends 0
}

# power_off HOST: nothing of it is left that was in memory.
power_off() {
	local pids pid

	pids=$(<"$1/supervisor")
	kill -STOP "$pids"
	for pid in $(pgrep -P "$pids"); do
		pids+=" $pid $(pgrep -P "$pid" || true)"
	done
	# shellcheck disable=SC2086 # several PIDs
	kill -KILL $pids "$(<"$1/agent")"
	rm -r "$1/run"
}

@test "fleet: a host that loses power while it is at work: halt; on its return the old release serves" {
	cluster
	LEASES=([h1]=2) LEASE=30
	BAKE=1h hosts h1 h2
	deploy_all v2
	upgrade_begins v2 --lost 500ms
	until_true has_begun h1 v2
	power_off h1
	ends 1
	supervise h1
	until_true on h1 hotswap wait web --for ready --timeout 5s
	agent h1
	until_true has_step h1 not-begun
	all_serve v1
	unharmed h2
}

# begins RELEASE: a member that has just come back may not answer yet; then the
# driver ends, and nothing was begun.
begins() {
	upgrade_begins "$1"
	until has_begun h1 "$1"; do
		kill -0 "$DRIVER" 2>/dev/null || return 1
		sleep 0.02
	done
}

@test "fleet: a member of the store is killed, another is stopped: the rollout goes on" {
	cluster 3
	BAKE=300ms hosts h1 h2 h3
	deploy_all v2
	upgrade_begins v2
	until_true has_begun h1 v2
	kill -KILL "${MEMBERS[0]}"
	ends 0
	all_serve v2
	member 0
	until_true is_up
	deploy_all v3
	until_true begins v3 || { cat driver.log h?/agent.log; false; }
	kill -STOP "${MEMBERS[1]}"
	ends 0
	kill -CONT "${MEMBERS[1]}"
	all_serve v3
	unharmed
}

@test "fleet: without a quorum nothing begins, all serve, status 69; afterwards it goes on" {
	cluster 3
	hosts h1 h2
	deploy_all v2
	kill -STOP "${MEMBERS[1]}" "${MEMBERS[2]}"
	expect 69 hotswap fleet upgrade web v2
	all_serve v1
	kill -CONT "${MEMBERS[1]}" "${MEMBERS[2]}"
	until_true is_up
	until_true hotswap fleet upgrade web v2
	all_serve v2
	unharmed
}

@test "fleet: the quorum is lost in the middle and comes back: the rollout ends as if it had been there" {
	cluster 3
	LEASE=30 BAKE=500ms hosts h1 h2 h3
	deploy_all v2
	kill -STOP "$(<h2/agent)" "$(<h3/agent)"
	upgrade_begins v2
	until_true has_begun h1 v2
	kill -STOP "${MEMBERS[1]}" "${MEMBERS[2]}"
	kill -CONT "$(<h2/agent)" "$(<h3/agent)"
	# The host that has begun ends without the store.
	until_true all_serve v2 h1
	all_serve v1 h2 h3
	kill -CONT "${MEMBERS[1]}" "${MEMBERS[2]}"
	ends 0
	all_serve v2
	[ "$(local_upgrades h1)" = 1 ]
	unharmed
}

@test "fleet: a store that was wiped is not obeyed, and the agent says so" {
	cluster
	hosts h1 h2
	deploy_all v2
	hotswap fleet upgrade web v2
	kill -KILL "${MEMBERS[0]}"
	rm -r "$STORE/m0"
	member 0
	until_true is_up
	until_true grep -q "the store was wiped or restored" h1/agent.log
	deploy_all v3
	expect 2 hotswap fleet upgrade web v3
	all_serve v2
	# Somebody decides that the store is right.
	rm h1/state/web/fleet h2/state/web/fleet
	for host in h1 h2; do
		kill -KILL "$(<"$host/agent")"
		agent "$host"
	done
	until_true are_registered 2
	hotswap fleet upgrade web v3
	all_serve v3
	unharmed
}

@test "fleet: weights reach a balancer's director, and never all of them are 0" {
	cluster
	LEASE=2 hosts h1 h2
	cat >director <<-'SH'
		#!/bin/sh
		cat >table.new && mv table.new table
	SH
	chmod 755 director
	hotswap fleet direct web -- ./director >direct.log 2>&1 3>&- &
	PIDS+=("$!")
	until_true grep -q "^h2 127.0.0.1:$(<h2/port) 100$" table
	hotswap fleet weight web h2 25
	until_true grep -q "^h2 127.0.0.1:$(<h2/port) 25$" table
	# The clients that stay connected would have it drain for a minute.
	unharmed h1
	on h1 hotswap stop web
	until_true grep -q "^h1 .* 0$" table
	hotswap fleet weight web h2 0
	until_true grep -q "no host would get traffic" direct.log
	grep -q "^h2 .* 25$" table
	expect 2 hotswap fleet forget web h1
	kill -KILL "$(<h1/agent)"
	until_true hotswap fleet forget web h1 2>forget.log
	expect 2 hotswap fleet weight web h1 100
	expect 64 hotswap fleet weight web h2 101
	unharmed h2
}

# broken RELEASE BEHAVIOUR...: this release is refused by the first host, and
# the others are not touched.
broken() {
	deploy_all "$@"
	refused "$1"
}

# broken_file RELEASE FILE: the same of a release whose server is this file.
broken_file() {
	local host

	for host in "${HOSTS[@]}"; do
		mkdir -p "$host/releases/$1"
		cp -pr "$2" "$host/releases/$1/server"
	done
	refused "$1"
}

refused() {
	expect 1 hotswap fleet upgrade web "$1" --json >outcome
	[ "$(gojq -c '[.promoted, .untouched, (.failed | map(.host))]' \
	    outcome)" = '[0,2,["h1"]]' ]
	[ "$(local_upgrades h2)" = 0 ]
	[ "$(local_upgrades h3)" = 0 ]
}

@test "fleet: each kind of broken release touches one host, and no user meets it" {
	cluster
	SERVE=(--health URL --start-timeout 1s --health-timeout 400ms
		--health-interval 100ms --stop-timeout 300ms)
	hosts h1 h2 h3
	PORT=$(<h1/port)
	load_begin --rate 300 --kept 4
	broken r1 --exit 0
	broken r2 --crash
	broken r3 --hang-before-serve
	broken r4 --hang-while-open
	broken r5 --answer 500
	broken r6 --delay 10000
	broken r7 --die-after-requests 1
	broken r8 --ignore-sigterm --answer 500
	broken r9 --fork-grandchildren 3 --answer 500
	broken r10 --close-passed
	refused missing
	mkdir directory
	broken_file r11 directory
	install -m 644 "$BUILD/fixtures/server" locked
	broken_file r12 locked
	# e_machine is two bytes at offset 18; 183 is AArch64.
	cp "$BUILD/fixtures/server" foreign
	printf '\267\000' | dd of=foreign bs=1 seek=18 conv=notrunc 2>dd.err
	broken_file r13 foreign
	echo 'echo hello' >text
	chmod 755 text
	broken_file r14 text
	printf '#!/no/such/interpreter\n' >text
	broken_file r15 text
	deploy_all r16
	exec 9>>h1/releases/r16/server
	refused r16
	exec 9>&-
	load_end
	[ "$(field '[.generations[].version]' load.json)" = '["v1"]' ]
	all_serve v1
	unharmed
}

@test "fleet: a release that is fetched, and one whose hash is another" {
	local sha

	cat >fetch <<-SH
		#!/bin/sh
		[ "\$2" != bad ] || exit 7
		cd "$PWD" && mkdir -p "\$1/releases/\$2" &&
		cp "store-of-releases/\$2" "\$1/releases/\$2/server"
	SH
	chmod 755 fetch
	cluster
	AGENT=(--fetch "$PWD/fetch HOST {release}")
	hosts h1 h2
	mkdir store-of-releases
	release store-of-releases/v2 v2
	sha=$(sha256sum store-of-releases/v2 | cut -d ' ' -f 1)
	hotswap fleet upgrade web v2 --sha256 "$sha"
	all_serve v2
	release store-of-releases/v3 v3
	expect 1 hotswap fleet upgrade web v3 --sha256 "$sha" 2>said
	grep -q "h1 failed: .*server: its sha256 is " said
	expect 1 hotswap fleet upgrade web bad 2>said
	grep -q "h1 failed: --fetch: exit status 7" said
	all_serve v2
	unharmed
}

@test "fleet: the first ones soak, failures are borne, and rollouts without a loss under load" {
	local host pids=()

	cluster
	hosts h1 h2 h3 h4
	for host in "${HOSTS[@]}"; do
		mkdir -p "load-$host"
		(cd "load-$host" && exec "$BUILD/load" --control steer \
			--timeout 60s --rate 100 --kept 4 \
			"127.0.0.1:$(<"../$host/port")" >load.json 3>&-) &
		pids+=("$!")
		PIDS+=("$!")
	done
	for host in "${HOSTS[@]}"; do
		until_true test -p "load-$host/steer"
	done
	deploy_all v2
	deploy h2 v2 --exit 1
	hotswap fleet upgrade web v2 --soak 2s --at-once 2 --failures 1 \
		>said 2>&1
	cat said
	grep -q "4 hosts promoted, 1 failed\|3 of 4 hosts promoted" said
	all_serve v2 h1 h3 h4
	all_serve v1 h2
	hotswap fleet rollback web
	all_serve v1
	for host in "${HOSTS[@]}"; do
		echo stop >"load-$host/steer"
	done
	for host in "${pids[@]}"; do
		wait "$host" || {
			cat load-*/load.json
			return 1
		}
	done
	unharmed
}

@test "fleet: a release that dies in the bake, and one that hangs: the host goes back, the others are not touched" {
	cluster
	SERVE=(--start-timeout 1s --stop-timeout 300ms)
	BAKE=10s hosts h1 h2 h3
	broken r1 --hang-while-open
	broken r2 --die-after-requests 5
	all_serve v1
	# Users of h1 have met r2 in its bake.
	unharmed h2 h3
}
