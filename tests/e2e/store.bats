#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Programs that store state with the supervisor, tested with the cache server of
# tests/fixtures/cache.c: its cache and its connections survive whatever
# happens.

load helper

# cache_release: install a cache server that is a file of its own.
cache_release() {
	cp "$BUILD/fixtures/cache" cache.new
	date +%N >>cache.new
	mv cache.new cache
}

# cache_serve OPTIONS...: serve, under load from connections that stay.
cache_serve() {
	cache_release
	serve --drain-timeout 100ms --keep 0 "$@" -- ./cache
}

# cache_load KEPT RATE [NEW]: run cache_client.py in the background.
cache_load() {
	python3 "$BATS_TEST_DIRNAME/cache_client.py" "$PORT" report.json \
		"$@" 3>&- &
	CLIENT=$!
	PIDS+=("$CLIENT")
	# The cache, the queue, and those that stay.
	until_true has_at_least "$(field .active)" $(($1 + 4))
	until_true has_answered "$(field .active)"
}

# has_answered N: generation N has answered the client.
has_answered() {
	kill -USR1 "$CLIENT"
	[ "$(field ".generations | has(\"$1\")" report.json)" = true ]
}

# ask REQUEST: make the request on a connection of its own.
ask() {
	local line

	exec 9<>"/dev/tcp/127.0.0.1/$PORT"
	echo "1 $1" >&9
	read -r -t 5 line <&9
	exec 9>&-
	echo "${line#* * }"
}

# cache_load_end: no connection has ended, and no answer was wrong.
cache_load_end() {
	kill -TERM "$CLIENT"
	wait "$CLIENT" || {
		cat report.json
		return 1
	}
	echo "# $(cat report.json)"
}

# report FILTER: print from the client's report.
report() {
	field "$1" report.json
}

# stored N: print how many descriptors generation N has stored.
stored() {
	generation "$1" .stored.count
}

# has_stored N COUNT, has_at_least N COUNT
has_stored() {
	[ "$(stored "$1")" = "$2" ]
}

has_at_least() {
	[ "$(stored "$1")" -ge "$2" ]
}

# fds PID: print the number of its descriptors.
fds() {
	find "/proc/$1/fd" -mindepth 1 | wc -l
}

# supervisor_kill: kill the supervisor with SIGKILL, and wait until another one
# answers.
supervisor_kill() {
	local before

	before=$(supervisor)
	kill -KILL "$before"
	until_true other_supervisor "$before"
}

# is_state STATE: the rollout has this state.
is_state() {
	[ "$(field .rollout.state)" = "$1" ]
}

# has_fds_at_most PID N
has_fds_at_most() {
	[ "$(fds "$1")" -le "$2" ]
}

is_restarted() {
	local now

	now=$(pid_of "$1") && [ "$now" != 0 ] && [ "$now" != "$2" ]
}

@test "store: hits and connections survive an upgrade" {
	cache_serve
	cache_load 8 50 50
	for n in 2 3 4; do
		cache_release
		hotswap upgrade web
		until_true is_role $((n - 1)) retired
		until_true has_answered "$n"
	done
	cache_load_end
	[ "$(report .repeated)" = 0 ]
	[ "$(report '.generations | keys')" = '["1","2","3","4"]' ]
}

# Without new connections: a connection that the program has accepted and not
# stored yet is lost with the program.
@test "store: hits and connections survive crashes of the program" {
	cache_serve
	cache_load 8 50
	for _ in 1 2 3; do
		program=$(pid_of 1)
		kill -KILL "$program"
		until_true is_restarted 1 "$program"
		[ "$(ask COUNT)" -ge 9 ]
	done
	cache_load_end
	[ "$(report '.generations | keys')" = '["1"]' ]
}

@test "store: hits and connections survive kill -9 of the supervisor" {
	cache_serve
	cache_load 8 50 50
	supervisor_kill
	cache_release
	hotswap upgrade web --no-wait
	supervisor_kill
	hotswap wait web --for idle --timeout 100s
	cache_release
	hotswap upgrade web
	cache_load_end
}

@test "store: what was stored before kill -9 is given to the program when it crashes" {
	cache_serve
	cache_load 8 50
	supervisor_kill
	has_stored 1 12
	for _ in 1 2; do
		program=$(pid_of 1)
		kill -KILL "$program"
		until_true is_restarted 1 "$program"
		supervisor_kill
	done
	cache_load_end
}

@test "store: hits and connections survive a rollback to the parked one" {
	cache_serve --keep 1m
	cache_load 8 50 50
	cache_release
	hotswap upgrade web
	first=$(pid_of 1)
	hotswap rollback web
	until_true is_role 2 retired
	cache_load_end
	[ "$(pid_of 1)" = "$first" ]
}

@test "store: with --strategy exclusive the next one takes up what the last one left" {
	cache_serve --strategy exclusive
	cache_load 8 20 20
	for n in 2 3; do
		cache_release
		hotswap upgrade web
		until_true has_answered "$n"
	done
	cache_load_end
	[ "$(report .repeated)" = 0 ]
	[ "$(report '.generations | keys')" = '["1","2","3"]' ]
	# The former ones' stores are empty.
	[ "$(stored 1)" = 0 ]
	[ "$(stored 2)" = 0 ]
}

@test "store: a candidate that cannot start, alone, leaves the old one what it had" {
	cache_serve --strategy exclusive
	cache_load 8 20 20
	printf '#!/bin/sh\nexit 3\n' >cache.new
	chmod +x cache.new
	mv cache.new cache
	expect 1 hotswap upgrade web
	cache_load_end
	[ "$(report '.generations | keys')" = '["1"]' ]
	[ "$(stored 2)" = 0 ]
}

@test "store: a candidate that had users, alone, gives its store to the old one" {
	cache_serve --strategy exclusive --bake 1m
	cache_load 8 20 20
	cache_release
	hotswap upgrade web --no-wait
	until_true is_state baking
	[ "$(stored 1)" = 0 ]
	until_true has_answered 2
	ask "SET from second" >/dev/null
	hotswap abort web
	[ "$(ask "GET from")" = "HIT second" ]
	cache_load_end
	[ "$(report '.generations | keys')" = '["1","2"]' ]
}

@test "store: what a failed candidate does to its store is not done to the active one's" {
	cache_serve --start-timeout 60s
	cat >vandal <<-'END'
		#!/usr/bin/env python3
		import os, socket, time
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.connect(os.environ["NOTIFY_SOCKET"])
		for name in os.environ["LISTEN_FDNAMES"].split(":"):
		    s.send(f"FDSTOREREMOVE=1\nFDNAME={name}".encode())
		fd = os.memfd_create("mine")
		socket.send_fds(s, [b"FDSTORE=1\nFDNAME=mine"], [fd])
		open("done", "w").close()
		time.sleep(60)
	END
	chmod +x vandal
	ask "SET a b" >/dev/null
	before=$(stored 1)
	hotswap upgrade web --no-wait --ready notify -- ./vandal
	until_true has_stored 2 1
	[ "$(stored 1)" -ge 3 ]
	hotswap abort web || true
	until_true has_stored 2 0
	program=$(pid_of 1)
	kill -KILL "$program"
	until_true is_restarted 1 "$program"
	[ "$(ask "GET a")" = "HIT b" ]
}

@test "store: many upgrades leave no descriptor behind" {
	cache_serve --bake 0 --retain 1
	for _ in 2 3 4; do
		hotswap upgrade web
	done
	hotswap wait web --for drained --timeout 100s
	# A listener has some placeholders, now more and now fewer.
	keeper=$(($(fds "$SUPERVISOR") + 20))
	supervisor=$(($(fds "$(supervisor)") + 20))
	active=$(fds "$(pid_of 4)")
	cache_load 4 20 20
	for ((n = 4; n < 4 + ${UPGRADES:-200}; n++)); do
		hotswap upgrade web
	done
	cache_load_end
	hotswap wait web --for drained --timeout 100s
	# A memfd, the queue and nothing of who was connected.
	until_true has_stored "$n" 3
	has_stored $((n - 1)) 0
	until_true has_fds_at_most "$SUPERVISOR" "$keeper"
	until_true has_fds_at_most "$(supervisor)" "$supervisor"
	until_true has_fds_at_most "$(pid_of "$n")" "$active"
	# One process holds the cache, and no former one's is left.
	[ "$(find "/proc/$SUPERVISOR/fd" -lname '*memfd:cache*' | wc -l)" = 1 ]
}

@test "store: without its keeper the supervisor has it still, and so has a new run" {
	cache_serve
	cache_load 8 20
	kill -KILL "$SUPERVISOR"
	wait "$SUPERVISOR" || true
	program=$(pid_of 1)
	kill -KILL "$program"
	until_true is_restarted 1 "$program"
	serve --drain-timeout 100ms --keep 0 -- ./cache
	# The one without a keeper answers until it is taken over.
	until_true field_is .pid "$SUPERVISOR"
	has_stored 1 12
	cache_release
	hotswap upgrade web
	until_true is_role 1 retired
	cache_load_end
}

@test "store: when all that held it were killed the log says what is lost" {
	cache_serve
	ask "SET a b" >/dev/null
	kill -KILL "$SUPERVISOR" "$(supervisor)"
	wait "$SUPERVISOR" || true
	serve --drain-timeout 100ms --keep 0 -- ./cache
	[ "$(ask "GET a")" = "HIT b" ]
	grep -q "3 of the 3 descriptors that its program had stored are lost" run.log
}

@test "store: a connection that ends is forgotten, and status tells what is stored" {
	cache_serve
	exec 8<>"/dev/tcp/127.0.0.1/$PORT"
	until_true has_stored 1 4
	hotswap status web >status
	grep -q "stored *4: memory, give, take, conn.1" status
	field '.generations[0].stored.names' >names
	grep -q '"memory":1' names
	hotswap metrics web | grep -q 'stored_descriptors.* 4$'
	exec 8>&-
	until_true has_stored 1 3
}

@test "store: a full store is said, and keeps what it has" {
	cache_serve --store-max 4
	exec 7<>"/dev/tcp/127.0.0.1/$PORT"
	until_true has_stored 1 4
	exec 8<>"/dev/tcp/127.0.0.1/$PORT"
	until_true grep -q "store is full (--store-max 4).*conn.1" run.log
	[ "$(stored 1)" = 4 ]
	exec 7>&-
	until_true has_stored 1 3
	exec 8>&-
}

@test "store: without the systemd protocol nothing is handed back, and no store offered" {
	cat >keep <<-'END'
		#!/bin/sh
		env | grep -E '^(FDSTORE|LISTEN_FDNAMES)=' >env.$HOTSWAP_GENERATION
		python3 -c 'import os, socket
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.connect(os.environ["NOTIFY_SOCKET"])
		socket.send_fds(s, [b"FDSTORE=1\nFDNAME=input"], [0])'
		[ -z "$LISTEN_FDS" ] || LISTEN_FDS=1
		exec ./server
	END
	chmod +x keep
	serve --pass systemd --store-max 7 -- ./keep
	[ "$(cat env.1)" = "$(printf 'FDSTORE=7\nLISTEN_FDNAMES=unknown')" ]
	hotswap upgrade web
	grep -qx LISTEN_FDNAMES=unknown:input env.2
	hotswap stop web
	PORT='' serve --pass server-starter,einhorn -- ./keep
	until_true has_stored 1 1
	[ ! -s env.1 ]
	hotswap upgrade web
	[ ! -s env.2 ]
}

@test "store: another hotswap's store is not taken for systemd's" {
	FDSTORE=5 NOTIFY_SOCKET=$PWD/none HOTSWAP_NAME=outer serve
	[ "$(field '.pid != .supervisor')" = true ]
}
