#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# What others write into the store: nothing crashes, what serves serves on, and
# it is said which key is wrong.

load helper
load fleet.bash

export ENGINE=etcd

# spoil KEY VALUE
spoil() {
	ctl put "/hotswap/web/$1" -- "$2" >/dev/null
}

# names KEY COMMAND...: the command ends with status 78 and names the key.
names() {
	local key=$1

	shift
	expect 78 "$@" 2>said || { cat said; return 1; }
	grep -q "/hotswap/web/$key " said || { cat said; return 1; }
}

GARBAGE=(
	"" "{" "[]" "null" "{}" "nonsense" '"text"' '{"n":-1}' '[1,2]' "-1" "101"
	'{"n":99999999999999999999}'
	"$(printf '%05000d' 0 | tr 0 '[')"
	"$(printf '\377\376\001')"
)

# agents_live: no agent has ended.
agents_live() {
	local host

	for host in "${HOSTS[@]}"; do
		kill -0 "$(<"$host/agent")"
	done
}

@test "fleet: garbage in each key: no crash, the key is named, what serves serves on" {
	local keys=(rollout halt running hosts/h2 weights/h2) name value good

	cluster
	hosts h1 h2
	deploy_all v2
	deploy_all v3
	hotswap fleet upgrade web v2
	hotswap fleet weight web h2 50
	for name in "${keys[@]}"; do
		good=$(key "$name")
		for value in "${GARBAGE[@]}"; do
			# That is no garbage there.
			[ "$name $value" != "running []" ] || continue
			spoil "$name" "$value"
			names "$name" hotswap fleet status web
		done
		names "$name" hotswap fleet upgrade web v3
		names "$name" hotswap fleet resume web
		names "$name" hotswap fleet rollback web
		all_serve v2
		agents_live
		spoil "$name" "$good"
		hotswap fleet status web >/dev/null
	done
	spoil hosts/.x '{}'
	names hosts/.x hotswap fleet status web
	ctl del /hotswap/web/hosts/.x >/dev/null
	spoil alive/h2 "$(printf '\377')"
	spoil unknown/key x
	until_true hotswap fleet upgrade web v3
	all_serve v3
	agents_live
}

@test "fleet: a host whose key is garbage is forgotten, and registers itself anew" {
	cluster
	LEASE=2 hosts h1 h2
	deploy_all v2
	spoil hosts/h2 nonsense
	until_true grep -q "hosts/h2 has a value" h2/agent.log
	kill -KILL "$(<h2/agent)"
	names hosts/h2 hotswap fleet upgrade web v2
	until_true hotswap fleet forget web h2
	agent h2
	until_true are_registered 2
	hotswap fleet upgrade web v2
	all_serve v2
}

@test "fleet: an outcome that is garbage is no success" {
	local value

	cluster
	hosts h1
	deploy_all v2
	hotswap fleet upgrade web v2
	for value in "" "[]" "{}" '{"status":"0"}' "null" "$(printf '\377')"; do
		spoil history/1 "$value"
		expect 70 hotswap fleet resume web 2>said
		grep -q history/1 said
		hotswap fleet history web >/dev/null
		hotswap fleet history web --json | gojq . >/dev/null
	done
}

@test "fleet: a reason that a terminal would obey, or that is no UTF-8, is shown harmless" {
	local good

	cluster
	hosts h1 h2
	deploy_all v2
	good=$(key hosts/h1)
	spoil hosts/h1 "$(gojq -c '.reason = "\u001b[2J\u009b31m\n"' <<<"$good")"
	hotswap fleet status web >said
	cat -v said
	run ! grep -q "$(printf '\033')" said
	spoil halt '{"n":0,"set":true,"by":"\u001b[2J","why":"\u001b]0;x\u0007","failed":[]}'
	hotswap fleet status web >said
	grep -q "^halted by ?" said
	run ! grep -q "$(printf '\033')" said
	spoil halt '{"n":0,"set":false,"by":"","why":"","failed":[]}'
	# An address is a line of the balancer's table: nothing else gets in.
	spoil hosts/h1 "$(gojq -c '.address = "1.2.3.4:80 1\nx y 100"' <<<"$good")"
	names hosts/h1 hotswap fleet status web
	spoil hosts/h1 "$good"
	hotswap fleet upgrade web v2
}

@test "fleet: agents, drivers and supervisors are killed: nothing is done twice" {
	HOTSWAP_BUILD=$BUILD python3 "$BATS_TEST_DIRNAME/../fleet_kills.py" 10
}
