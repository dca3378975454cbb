#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Every kind of address and every kind of server, through upgrades and rollbacks
# under load: no request may fail, and both versions must have answered.

load helper

# serve_at ADDRESS OPTIONS...: run a supervisor of ./server there; what the
# kernel made of the address is in ADDRESS.
serve_at() {
	hotswap run -n web -l "$1" --bake 20ms --keep 1m --drain-timeout 1s \
		"${@:2}" >>run.log 2>&1 3>&- &
	SUPERVISOR=$!
	PIDS+=("$SUPERVISOR")
	until_true hotswap wait web --for ready --timeout 10s 2>/dev/null
	ADDRESS=$(field '.listeners[0].address')
}

# load_at ADDRESS OPTIONS...: load in the background, as load_begin.
load_at() {
	"$BUILD/load" --control steer --timeout 60s "${@:2}" "$1" \
		>load.json 3>&- &
	CLIENT=$!
	PIDS+=("$CLIENT")
	until_true test -p steer
}

# to_and_fro ROUNDS BEHAVIOUR...: so many upgrades, each rolled back.
to_and_fro() {
	local round

	for ((round = 0; round < $1; round++)); do
		release server v2 "${@:2}"
		hotswap upgrade web
		hotswap rollback web
	done
}

# answered VERSION...: exactly these versions have answered.
answered() {
	[ "$(field '[.generations[].version] | unique | join(" ")' load.json)" = "$*" ]
}

# through ADDRESS [CLIENT'S ADDRESS]: make ten upgrades and rollbacks under
# load.
through() {
	serve_at "$1" -- ./server
	load_at "${2:-$ADDRESS}" --rate 500 --kept "${KEPT:-8}"
	to_and_fro 10
	load_end
	answered v1 v2
}

# port: that of ADDRESS.
port() {
	echo "${ADDRESS##*:}"
}

@test "families: TCP over IPv4" {
	through 127.0.0.1:0
}

@test "families: TCP over IPv6" {
	through "[::1]:0"
}

@test "families: a dual-stack socket, reached by IPv4 and by IPv6" {
	serve_at "[::]:0" -- ./server
	"$BUILD/load" --control other --rate 500 "[::1]:$(port)" >other.json 3>&- &
	other=$!
	PIDS+=("$other")
	load_at "127.0.0.1:$(port)" --rate 500 --kept 8
	to_and_fro 10
	echo stop >other
	wait "$other" || { cat other.json; return 1; }
	load_end
	answered v1 v2
}

@test "families: UDP over IPv4" {
	KEPT=0 through udp:127.0.0.1:0
}

@test "families: UDP over IPv6" {
	KEPT=0 through "udp:[::1]:0"
}

@test "families: a Unix socket with a path" {
	through "$BATS_TEST_TMPDIR/web.socket"
	[ -S web.socket ]
}

@test "families: an abstract Unix socket, which all generations share" {
	through "@hotswap-test-$$"
}

@test "families: a server with four workers on one socket" {
	serve_at 127.0.0.1:0 -- ./server --workers 4
	load_at "$ADDRESS" --rate 500 --kept 8
	to_and_fro 5
	load_end
	answered v1 v2
}

# is_main N: the process that is in the generation's PID file.
is_main() {
	[ "$(pid_of "$1")" = "$(cat "pid.$1")" ]
}

@test "families: a server that daemonises is followed by its PID" {
	serve_at 127.0.0.1:0 -- ./server --daemonize --pidfile "pid.{generation}"
	until_true is_main 1
	load_at "$ADDRESS" --rate 500 --kept 8
	to_and_fro 5
	is_main 1
	load_end
	answered v1 v2
}

@test "families: a server that cuts whatever it has on SIGTERM" {
	release server v1 --exit-on-term
	serve_at 127.0.0.1:0 --drain-timeout 5s -- ./server
	load_at "$ADDRESS" --rate 500 --slow 2 --slow-time 500ms
	to_and_fro 5 --exit-on-term
	load_end
	answered v1 v2
}

# is_restarted N: so many times.
is_restarted() {
	[ "$(field '.generations[0].restarts')" = "$1" ]
}

@test "a killed server's sockets go to the one that is started again: nobody in the queue is lost" {
	serve_at 127.0.0.1:0 --restart-limit 10/60s -- ./server
	load_at "$ADDRESS" --rate 150
	for n in 1 2 3; do
		kill -KILL "$(pid_of 1)"
		until_true is_restarted "$n"
	done
	echo stop >steer
	wait "$CLIENT" || true
	cat load.json
	# What it had accepted dies with it, a few at each kill.
	[ "$(field '[.refused, .timed_out, .wrong]' load.json)" = '[0,0,0]' ]
	[ "$(field '.reset + .truncated <= 15' load.json)" = true ]
}

@test "a stopped server's queue waits for the one that takes its place" {
	serve_at 127.0.0.1:0 -- ./server
	kill -STOP "$(pid_of 1)"
	load_at "$ADDRESS" --count 20 --rate 1000
	until_true field_is '.listeners[0].queues[0].queued' 20
	kill -KILL "$(pid_of 1)"
	wait "$CLIENT" || { cat load.json; return 1; }
	[ "$(field .ok load.json)" = 20 ]
}

# one_after_another VERSION: 20 requests are answered by that version.
one_after_another() {
	local _

	for _ in {1..20}; do
		is_version "$1" || return 1
	done
}

@test "families: an address that cannot be steered back holds up no other" {
	local pid

	PORT=$(free_port)
	hotswap run -n web -l "$PWD/sock" -l "127.0.0.1:$PORT" \
		--bake 1m -- ./server >>run.log 2>&1 3>&- &
	SUPERVISOR=$!
	PIDS+=("$SUPERVISOR")
	until_true hotswap wait web --for ready --timeout 10s 2>/dev/null
	release server v2
	hotswap upgrade web --no-wait
	until_true field_is .rollout.state baking
	# The candidate lives on as long as this connection does.
	exec 5<>"/dev/tcp/127.0.0.1/$PORT"
	is_version v2
	pid=$(pid_of 2)
	# Nothing can be renamed over a directory.
	rm sock
	mkdir sock
	hotswap abort web
	grep -q "sock: cannot steer" run.log
	one_after_another v1
	kill -0 "$pid"
	exec 5>&-
}
