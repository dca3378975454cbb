#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Under systemd: tests/manager.py stands in for systemd and speaks its
# documented protocol; and systemd's own tools that run without it.

load helper

ROOT=$BATS_TEST_DIRNAME/../..

# manage OPTIONS... [-- OPTIONS OF run...]: run a service manager that runs web
# on PORT, until web is ready.
manage() {
	local options=()

	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	[ $# -eq 0 ] || shift
	PORT=${PORT:-$(free_port)}
	python3 "$ROOT/tests/manager.py" "${options[@]}" -- \
	    hotswap run -n web --bake 200ms --keep 1m "$@" -- ./server \
	    >>run.log 2>&1 3>&- &
	MANAGER=$!
	PIDS+=("$MANAGER")
	until_true is_stage running
}

# known FILTER: print what the service manager knows.
known() {
	field "$1" state.json 2>/dev/null
}

is_known() {
	[ "$(known "$1")" = "$2" ]
}

is_stage() {
	is_known .stage "$1"
}

# supervisor_kill: kill the main process with SIGKILL; the manager starts it
# again.
supervisor_kill() {
	local starts

	starts=$(known .starts)
	kill -KILL "$(known .main)"
	until_true is_known .starts $((starts + 1))
	until_true is_stage running
}

manager_stop() {
	kill -TERM "$MANAGER"
	expect 0 wait "$MANAGER"
}

@test "systemd: ready once it serves, a line about its state, stopping at the end" {
	release server v1 --notify --ready-after 300
	manage --store 100 -- -l "127.0.0.1:${PORT:=$(free_port)}" --ready notify
	[ "$(version)" = v1 ]
	[ "$(known .stages)" = '["starting","running"]' ]
	[ "$(known .status)" = "generation 1 serves" ]
	# The main process is the supervisor: there is no keeper.
	[ "$(field .pid)" = "$(supervisor)" ]
	is_known .main "$(supervisor)"
	manager_stop
	[ "$(known .stage)" = stopping ]
	[ "$(known .stored)" = '[]' ]
	[ "$(known .refused)" = 0 ]
}

@test "systemd: a rollout is a reload, whatever its outcome" {
	manage --store 100 -- -l "127.0.0.1:${PORT:=$(free_port)}"
	release server v2
	hotswap upgrade web --canary 25 --step-time 1h --no-wait
	until_true is_known .status "generation 1 serves; shifting \
generation 2, which gets 25 % of the new connections"
	is_stage reloading
	# Asked for another by a signal, which is not to be waited for.
	kill -USR2 "$(known .main)"
	until_true is_known '[.stages[] | select(. == "reloading")] | length' 2
	hotswap abort web
	until_true is_stage running
	release server v3 --exit 3
	expect 1 hotswap upgrade web
	until_true is_known '.stages[-3:]' '["running","reloading","running"]'
	# By a signal, and it fails.
	kill -USR2 "$(known .main)"
	until_true is_known '[.stages[] | select(. == "reloading")] | length' 4
	until_true is_stage running
	expect 1 grep -q hangs state.json
	[ "$(known .extended)" -ge 3 ]
	manager_stop
}

@test "systemd: kill -9 under load with its store: no request fails, upgrades work" {
	manage --store 100 -- -l "127.0.0.1:${PORT:=$(free_port)}"
	program=$(pid_of 1)
	load_begin --rate 1000 --kept 8
	supervisor_kill
	[ "$(pid_of 1)" = "$program" ]
	for n in 2 3 4; do
		release server "v$n"
		hotswap upgrade web --no-wait
		supervisor_kill
		hotswap wait web --for idle --timeout 100s
	done
	release server v5
	hotswap upgrade web
	[ "$(version)" = v5 ]
	hotswap rollback web
	load_end
	# Nothing is left there of what has ended.
	[ "$(known '.stored | length')" -lt 40 ]
	manager_stop
}

@test "systemd: a program that crashes after the supervisor did is started again" {
	manage --store 100 -- -l "127.0.0.1:${PORT:=$(free_port)}" \
	    --restart on-failure
	program=$(pid_of 1)
	supervisor_kill
	kill -KILL "$program"
	until_true is_version v1
	[ "$(pid_of 1)" != "$program" ]
	manager_stop
}

@test "systemd: its watchdog is fed by the loop, and a loop that stands still is found out" {
	local main kills starts

	manage --store 100 --watchdog 2000 -- -l "127.0.0.1:${PORT:=$(free_port)}"
	# Each main process sends one at its start.
	until_true is_known '.watchdog > .starts' true
	program=$(pid_of 1)
	main=$(known .main) kills=$(known .kills) starts=$(known .starts)
	kill -STOP "$main"
	until_true is_known ".kills > $kills" true
	kill -CONT "$main"
	until_true is_known ".starts > $starts" true
	until_true is_stage running
	[ "$(pid_of 1)" = "$program" ]
	manager_stop
}

@test "systemd: without its store there is a keeper, whose words are those of the main process" {
	manage --watchdog 10000 -- -l "127.0.0.1:${PORT:=$(free_port)}"
	is_known .main "$(field .pid)"
	[ "$(supervisor)" != "$(field .pid)" ]
	until_true is_known '.watchdog >= 1' true
	kill -KILL "$(supervisor)"
	# Each supervisor sends one at its start.
	until_true is_known '.watchdog >= 2' true
	release server v2
	until_true hotswap upgrade web
	until_true is_known '.stages[-2:]' '["reloading","running"]'
	[ "$(known '[.starts, .kills, .refused]')" = '[1,0,0]' ]
	manager_stop
}

# answers CURL-ARGUMENTS...: the server there answers.
answers() {
	curl -s -m 5 -o /dev/null "$@"
}

@test "systemd: the sockets of a .socket unit are listeners by their names, over kills and upgrades" {
	local store

	for store in 0 100; do
		PORT=$(free_port)
		UDP=$(free_port)
		rm -rf state.json notify web.sock state run
		release server v1
		manage --store "$store" --socket "http=127.0.0.1:$PORT" \
		    --socket "local=$PWD/web.sock" \
		    --socket "dns=udp:127.0.0.1:$UDP"
		[ "$(field '[.listeners[] | [.name, .steering]]')" = \
		    '[["http","shared"],["local","shared"],["dns","shared"]]' ]
		hotswap status web | grep -q "http .*shared, passed"
		grep -z LISTEN_FDNAMES "/proc/$(pid_of 1)/environ" | tr -d '\0' |
		    grep -qx LISTEN_FDNAMES=http:local:dns
		rm -f steer
		load_begin --rate 500
		kill -KILL "$(supervisor)"
		until_true answers --unix-socket web.sock http://localhost/
		until_true hotswap status web >/dev/null
		release server v2
		hotswap upgrade web
		[ "$(field .active)" = 2 ]
		run -78 hotswap upgrade web --canary 10
		[[ $output == *"all generations share this one socket"* ]]
		until_true answers "http://127.0.0.1:$PORT/"
		load_end
		manager_stop
		# It is systemd's.
		test -S web.sock
	done
}

@test "systemd: a program that binds the address of a .socket unit itself gets its socket" {
	PORT=$(free_port)
	release server v1 --bind "127.0.0.1:$PORT"
	manage --store 100 --socket "http=127.0.0.1:$PORT"
	until_true is_version v1
	release server v2 --bind "127.0.0.1:$PORT"
	hotswap upgrade web
	until_true is_version v2
	manager_stop
}

@test "systemd: what is passed and cannot be a listener is refused with a word" {
	python3 - <<-'END' || true
		import os, socket
		a, b = socket.socketpair()
		os.dup2(a.fileno(), 3)
		os.set_inheritable(3, True)
		pid = str(os.getpid())
		os.environ.update(LISTEN_FDS="1", LISTEN_PID=pid, LISTEN_FDNAMES="x")
		os.dup2(os.open("run.log", os.O_WRONLY | os.O_CREAT), 2)
		os.execvp("hotswap", ["hotswap", "run", "-n", "web", "--", "./server"])
	END
	grep -q 'descriptor 3 that was passed, "x": it is a connection' run.log
}

@test "systemd-socket-activate: a service that is started by its first client" {
	PORT=$(free_port)
	systemd-socket-activate -l "127.0.0.1:$PORT" --fdname http \
	    -E "PATH=$PATH" -E "HOTSWAP_RUNTIME_DIR=$HOTSWAP_RUNTIME_DIR" \
	    -E "HOTSWAP_STATE_DIR=$HOTSWAP_STATE_DIR" \
	    "$BUILD/bin/hotswap" run -n web -- "$PWD/server" \
	    >>run.log 2>&1 3>&- &
	SUPERVISOR=$!
	PIDS+=("$SUPERVISOR")
	until_true is_version v1
	[ "$(field '.listeners[0].name')" = http ]
	kill -KILL "$(supervisor)"
	release server v2
	until_true hotswap upgrade web --bake 0
	until_true is_version v2
	hotswap stop web --now
	wait "$SUPERVISOR"
}

# talker: make a program that sends with systemd-notify what it is told.
talker() {
	cat >./talk <<-END
		#!/bin/sh
		$1
		exec "$PWD/server" \$OPTIONS
	END
	chmod 755 ./talk
}

@test "systemd-notify: a program's ready, status and watchdog" {
	talker 'systemd-notify --ready --status="warm and well"'
	serve --ready notify -- ./talk
	[ "$(field '.generations[0].status')" = "warm and well" ]
	talker 'systemd-notify --ready
	( until systemd-notify WATCHDOG=1; do :; done
	  exec systemd-notify WATCHDOG=trigger ) &'
	expect 1 hotswap upgrade web --ready notify --bake 5s -- ./talk
	hotswap history web --json >history
	[ "$(field .reason history)" = "the program sent WATCHDOG=trigger" ]
	talker 'systemd-notify --ready RELOADING=1 && systemd-notify STOPPING=1'
	hotswap upgrade web --ready notify -- ./talk
	until_true grep -q "says that it is about to end" run.log
}

# verified UNIT: systemd has nothing to say of it; units of other packages, which
# it reads too, may be as they are.
verified() {
	run -0 systemd-analyze verify --man=no "$1"
	[[ $output != *hotswap* ]]
}

@test "systemd-analyze: the unit that is installed is in order, and the manual's .socket with it" {
	sed "s,@BINDIR@,$BUILD/bin," "$ROOT/systemd/hotswap@.service.in" \
	    >hotswap@.service
	awk '/^\.Bd -literal/ { block = "" ; next }
		/^\.Ed/ { if (block ~ /ListenStream/) printf "%s", block }
		{ block = block $0 "\n" }' "$ROOT/man/hotswap-systemd.7" \
	    >hotswap@web.socket
	grep -q FileDescriptorName=http hotswap@web.socket
	cp hotswap@.service hotswap@web.service
	sed "s,@BINDIR@,$BUILD/bin," \
	    "$ROOT/systemd/hotswap-agent@.service.in" >hotswap-agent@.service
	verified "$PWD/hotswap-agent@.service"
	sed "s,@BINDIR@,$BUILD/bin," \
	    "$ROOT/systemd/hotswap-exporter.service.in" >hotswap-exporter.service
	verified "$PWD/hotswap-exporter.service"
	verified "$PWD/hotswap@.service"
	verified "$PWD/hotswap@web.socket"
}

# unit DROP-IN...: make hotswap@web.service here, with these drop-ins.
unit() {
	local name

	sed "s,@BINDIR@,$BUILD/bin," "$ROOT/systemd/hotswap@.service.in" \
	    >hotswap@web.service
	rm -rf hotswap@web.service.d
	mkdir hotswap@web.service.d
	for name; do
		cp "$ROOT/systemd/hotswap@.service.d/$name.conf" \
		    hotswap@web.service.d/
	done
}

# exposed_at_most TENTHS DROP-IN...: systemd-analyze rates the unit no worse.
exposed_at_most() {
	unit "${@:2}"
	verified "$PWD/hotswap@web.service"
	systemd-analyze security --offline=true --threshold="$1" \
	    "$PWD/hotswap@web.service" >exposure || {
		tail -n 1 exposure
		return 1
	}
}

@test "systemd-analyze security: the units are exposed no more than the manual says" {
	systemd-analyze --help | grep -q -- --offline || skip "no --offline"
	exposed_at_most 74
	exposed_at_most 43 hardened
	exposed_at_most 55 ordinary-user
	exposed_at_most 28 hardened ordinary-user
	# What reads the network there has less than this: it is nobody.
	sed "s,@BINDIR@,$BUILD/bin," \
	    "$ROOT/systemd/hotswap-exporter.service.in" >hotswap-exporter.service
	systemd-analyze security --offline=true --threshold=30 \
	    "$PWD/hotswap-exporter.service"
}

@test "systemd: no unit takes what hotswap needs, or gives each start files of its own" {
	cd "$ROOT/systemd"
	# openat2(2) goes with RestrictSUIDSGID=, systemd.exec(5).
	run ! grep -hE \
	    '^(RestrictSUIDSGID|PrivateTmp|DynamicUser|PrivateIPC|RootImage)=' \
	    hotswap@.service.in hotswap@.service.d/*.conf
	run -0 grep -x KillMode=process hotswap@.service.in
}

@test "systemd: a program is told nothing of the supervisor's own service manager" {
	manage --store 100 --watchdog 60000 -- -l "127.0.0.1:${PORT:=$(free_port)}"
	tr '\0' '\n' <"/proc/$(pid_of 1)/environ" >environment
	expect 1 grep -E '^(WATCHDOG|SYSTEMD_EXEC_PID|FDSTORE=100$)' environment
	[ "$(grep -c "^NOTIFY_SOCKET=$HOTSWAP_RUNTIME_DIR" environment)" = 1 ]
	manager_stop
}

@test "systemd: killed at random instants under load, with its store, it loses no request" {
	HOLDER=systemd HOTSWAP_BUILD=$BUILD \
	    python3 "$BATS_TEST_DIRNAME/../kills.py" 10 500
}

@test "systemd: a keeper that dies by its watchdog leaves a service that is taken over" {
	local kills starts

	manage --watchdog 2000 -- -l "127.0.0.1:${PORT:=$(free_port)}"
	program=$(pid_of 1)
	kills=$(known .kills) starts=$(known .starts)
	kill -STOP "$(supervisor)"
	until_true is_known ".kills > $kills" true
	until_true is_known ".starts > $starts" true
	until_true is_stage running
	[ "$(pid_of 1)" = "$program" ]
	[ "$(version)" = v1 ]
	manager_stop
}

# install_build FILE: install the build from which the manager starts it.
install_build() {
	mkdir -p bin lib
	cp "$BUILD/bin/hotswap-probe" bin/
	cp "$BUILD"/lib/*.so lib/
	cp "$1" bin/hotswap.new
	mv bin/hotswap.new bin/hotswap
	PATH=$PWD/bin:$PATH
}

@test "systemd: reexec under load becomes the other build, in place" {
	install_build "$BUILD/bin/hotswap"
	manage --store 100 --watchdog 5000 -- -l "127.0.0.1:${PORT:=$(free_port)}"
	program=$(pid_of 1)
	supervisor=$(known .main)
	load_begin --rate 1000 --kept 8
	for build in other/hotswap bin/hotswap other/hotswap; do
		install_build "$BUILD/$build"
		hotswap reexec web
		cmp "/proc/$supervisor/exe" "$BUILD/$build"
	done
	[[ $(field .version) == *-other ]]
	[ "$(pid_of 1)" = "$program" ]
	release server v2
	hotswap upgrade web
	kill -KILL "$supervisor"
	until_true is_known .starts 2
	until_true is_version v2
	load_end
	until_true hotswap rollback web
	is_version v1
	manager_stop
}

@test "systemd: what has become wrong in the configuration is no hindrance to a supervisor that comes back" {
	PORT=$(free_port)
	echo "{ \"listen\": \"127.0.0.1:$PORT\" }" >web.json
	manage --store 100 -- -c "$PWD/web.json"
	program=$(pid_of 1)
	echo "{" >web.json
	supervisor_kill
	[ "$(pid_of 1)" = "$program" ]
	[ "$(version)" = v1 ]
	manager_stop
}
