#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Somebody removes files of the runtime directory, or all of it, while the
# service runs: a cleaner of /tmp, the end of a login session.

load helper

# works_again: status answers.
works_again() {
	hotswap status web >/dev/null 2>&1
}

# is_whole FILE...: these files of the service are in the runtime directory.
is_whole() {
	local file

	for file; do
		[ -e "run/web.$file" ] || return 1
	done
}

@test "runtime files: the control socket is made anew; so is the directory, with the lock" {
	serve
	rm run/web.sock
	until_true works_again
	rm -r run
	until_true is_whole sock lock checkpoint.0 notify.1
	[ "$(role 1)" = active ]
	expect 2 hotswap run --name web -- "$PWD/server"
	release server v2
	hotswap upgrade web
	is_version v2
	[ "$(grep -c "somebody has removed" run.log)" -ge 4 ]
}

@test "runtime files: a supervisor that comes after the removal makes them" {
	serve
	before=$(supervisor)
	kill -STOP "$before"
	rm -r run
	kill -KILL "$before"
	until_true is_whole sock lock checkpoint.0 notify.1
	until_true works_again
	[ "$(supervisor)" != "$before" ]
	is_version v1
	[ "$(pid_of 1)" != 0 ]
}

@test "runtime files: a program that binds anew gets its socket, preload" {
	PORT=$(free_port)
	echo v1 >word
	hotswap run -n web --shim preload --bake 100ms --restart-limit 3/60s \
		-- "$BUILD/fixtures/odd_server" "$PWD/word" \
		"tcp:127.0.0.1:$PORT" >>run.log 2>&1 3>&- &
	PIDS+=("$!")
	until_true hotswap wait web --for ready --timeout 10s 2>/dev/null
	rm -r run
	until_true is_whole shim.1
	kill -KILL "$(pid_of 1)"
	until_true answers
	# Nor is it the next supervisor that cannot be reached.
	rm -r run
	until_true is_whole shim.1 sock
	kill -KILL "$(supervisor)"
	until_true works_again
	kill -KILL "$(pid_of 1)"
	until_true answers
	[ "$(field '.generations[0].restarts')" = 2 ]
}

answers() {
	[ "$(curl -s -m 5 "http://127.0.0.1:$PORT/")" = "v1 1" ]
}
