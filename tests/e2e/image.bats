#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# What runs is kept: after a deployment, and before the upgrade to it, a program
# that crashes is started again as it was, and as if in its old place.

load helper

# Each test runs as it is called; AS runs hotswap, as another user.
AS=()

# as_user: from here on hotswap runs as an ordinary user.
as_user() {
	[ "$(id -u)" = 0 ] || return 0
	mkdir hotswap
	cp -r "$BUILD/bin" "$BUILD/lib" hotswap/
	chmod -R a+rX hotswap
	chown nobody .
	AS=(setpriv --reuid nobody --regid nogroup --clear-groups)
	PATH=$PWD/hotswap/bin:$PATH
}

# begin OPTIONS... -- PROGRAM...: run it as `web` until it is ready.
begin() {
	PORT=${PORT:-$(free_port)}
	"${AS[@]}" env "PATH=$PATH" hotswap run -n web -l "127.0.0.1:$PORT" \
		--bake 100ms --keep 0 --restart-limit 2/60s "$@" \
		>>run.log 2>&1 3>&- &
	PIDS+=("$!")
	until_true grep -q "web: generation 1: serves" run.log
}

# beside VERSION: deploy a server that finds its library beside itself.
beside() {
	mkdir -p app
	[ -e app/lib ] || cp -r "$BUILD/fixtures/beside/lib" app/
	cp "$BUILD/fixtures/beside/server" app/server.new
	printf '\nversion=%s\n' "$1" >>app/server.new
	mv app/server.new app/server
}

# crash: kill the program that serves, and wait for another one.
crash() {
	local before

	before=$(field .generations[-1].pid)
	kill -KILL "$before"
	until_true other_program "$before"
}

other_program() {
	local now

	now=$(field '.generations[-1].pid') &&
		[ "$now" -gt 0 ] && [ "$now" != "$1" ]
}

# started HOW: the log says that it was started again like this.
started() {
	grep -q "started again, PID [0-9]*, $1" run.log
}

# to_and_fro: the crash between deployment and upgrade, then the upgrade, and a
# rollback when the old program has ended.
to_and_fro() {
	beside v1
	begin "$@" -- ./app/server
	beside v2
	crash
	until_true is_version v1
	expect 1 grep -q "given up" run.log
	hotswap upgrade web
	is_version v2
	until_true is_role 1 retired
	hotswap rollback web
	is_version v1
}

# exe_is PATH: the program that serves has this file as its own.
exe_is() {
	[ "$(readlink "/proc/$(field '.generations[-1].pid')/exe")" = "$1" ]
}

needs_mounts() {
	[ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null ||
		skip "takes root, and mounts"
}

@test "image: a replaced program finds what is beside it, by a mount at its path" {
	needs_mounts
	to_and_fro
	started "from what it was, mounted at its path"
	exe_is "$PWD/app/server"
}

@test "image: as an ordinary user, by the descriptor of the file that was there" {
	as_user
	to_and_fro
	started "from the file that was at its path"
}

@test "image: --user: the mount serves a program of another user, which cannot undo it" {
	needs_mounts
	mkdir hotswap
	cp -r "$BUILD/bin" "$BUILD/lib" hotswap/
	chmod -R a+rX hotswap
	PATH=$PWD/hotswap/bin:$PATH
	to_and_fro --user nobody
	exe_is "$PWD/app/server"
	pid=$(field '.generations[-1].pid')
	grep -q "^CapEff:	0*$" "/proc/$pid/status"
	# The file at the path is the new one, for everybody else.
	grep -q version=v2 app/server
}

@test "image: a program in a directory that was moved is started there" {
	beside v1
	begin -- ./app/server
	mv app app.old
	rm -rf app
	beside v2
	crash
	until_true is_version v1
	exe_is "$PWD/app.old/server"
	started "from the path to which it was moved"
}

@test "image: with the state and the runtime directory on noexec" {
	needs_mounts
	mkdir state run
	cat >aside <<-END
		#!/bin/sh
		for d in state run; do
			mount -t tmpfs -o noexec,mode=755 none $PWD/\$d || exit 1
		done
		exec "\$@"
	END
	chmod 755 aside
	AS=(unshare -m "$PWD/aside")
	# Those who ask are in its mount namespace.
	hotswap() {
		nsenter -t "${PIDS[0]}" -m "$BUILD/bin/hotswap" "$@"
	}
	to_and_fro
	started "from what it was, mounted at its path"
}

@test "image: a script whose directory matters is started in its old place" {
	needs_mounts
	cat >script <<-'SH'
		#!/bin/sh
		. "${0%/*}/part"
		exec ./server --version "$word"
	SH
	chmod 755 script
	echo 'word=old' >part
	begin -- ./script
	printf '#!/bin/sh\nexec ./server --version new\n' >script.new
	chmod 755 script.new
	mv script.new script
	crash
	until_true is_version old
}

@test "image: a file that was overwritten is started from its copy in memory where nothing else helps" {
	[ "$(id -u)" = 0 ] || skip "takes root, for a noexec file system"
	as_user
	mkdir state
	chown nobody state
	cat >aside <<-END
		#!/bin/sh
		mount -t tmpfs -o noexec,mode=755,uid=65534 none $PWD/state || exit 1
		exec setpriv --reuid nobody --regid nogroup --clear-groups "\$@"
	END
	chmod 755 aside
	AS=(unshare -m "$PWD/aside")
	hotswap() {
		nsenter -t "${PIDS[0]}" -m "$PWD/hotswap/bin/hotswap" "$@"
	}
	begin -- ./server
	release other v2
	# The file cannot be written while it runs.
	program=$(pid_of 1) above=$(supervisor)
	kill -STOP "$above"
	kill -KILL "$program"
	until_true cp other server
	kill -CONT "$above"
	until_true is_version v1
	started "from its private copy, in memory"
	grep -q "from its private copy .*mounted with noexec" run.log
}
