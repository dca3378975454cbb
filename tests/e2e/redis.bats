#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# A redis-server with its own persistence, which knows nothing of hotswap and
# does not run twice on its data.  REDIS_UPGRADES=N makes N upgrades.

load helper

# serve_redis: run it as `web`, with clients that keep their connections.
serve_redis() {
	PORT=$(free_port)
	mkdir data
	cp "$(command -v redis-server)" redis
	# In protected mode it takes a directed check, which comes from
	# 127.83.0.N, for a stranger's.
	PROGRAM=(./redis --port "$PORT" --bind 127.0.0.1 --protected-mode no
		--dir data --appendonly yes --save "")
	hotswap start -n web --strategy exclusive --drain-timeout 100ms \
		--bake 50ms --start-timeout 60s --health-interval 20ms \
		--health-timeout 2s \
		--health "tcp://127.0.0.1:$PORT?send=PING%0d%0a&expect=PONG" \
		-- "${PROGRAM[@]}"
	PIDS+=("$(field .pid)")
	"$BATS_TEST_DIRNAME/redis_clients.py" "$PORT" >clients.json \
		2>clients.err 3>&- &
	CLIENTS=$!
	PIDS+=("$CLIENTS")
	until_true grep -q running clients.err
}

has_counted() {
	[ "$(redis-cli -p "$PORT" get key0)" -gt 10 ]
}

# clients_end: the clients were not refused or reset, and nothing was lost.
clients_end() {
	kill "$CLIENTS"
	wait "$CLIENTS"
	cat clients.json
	[ "$(field '[.refused, .reset, .lost]' clients.json)" = \
		'[0,0,0]' ]
	[ "$(field '.answers > 100' clients.json)" = true ]
}

@test "redis-server: many upgrades, and no client is refused, reset or forgotten" {
	serve_redis
	for ((i = 0; i < ${REDIS_UPGRADES:-5}; i++)); do
		hotswap upgrade web --json >outcome.json 2>/dev/null
		field '[.phases[] | select(.phase == "pause")]' \
			outcome.json
	done
	clients_end
	[ "$(field ".ended >= 8 * ${REDIS_UPGRADES:-5} / 2" clients.json)" = true ]
	[ "$(hotswap events web | grep -c '"resumed"')" -ge 1 ]
}

@test "redis-server: a candidate that cannot start leaves the old one, with its data" {
	serve_redis
	until_true has_counted
	before=$(redis-cli -p "$PORT" get key0)
	expect 1 hotswap upgrade web -- "${PROGRAM[@]}" --no-such-directive 1
	[ "$(redis-cli -p "$PORT" get key0)" -ge "$before" ]
	is_role 1 active
	clients_end
}
