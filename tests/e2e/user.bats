#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# A supervisor of root's with a program that is not root's: --user.  The
# program's messages and calls go through sockets that it must be able to reach.

load helper

setup() {
	[ "$(id -u)" = 0 ] || skip "takes root and another user"
	setup_service
	# The shim's library must be where the user can read it.
	mkdir hotswap
	cp -r "$BUILD/bin" "$BUILD/lib" hotswap/
	PATH=$PWD/hotswap/bin:$PATH
	install -d -o nobody -m 755 theirs
}

# mode PATH
mode() {
	stat -c %a "$1"
}

# as_other COMMAND...: run as a third user, who has no part in the service.
as_other() {
	setpriv --reuid 61234 --regid 61234 --clear-groups "$@"
}

# says_status TEXT: the newest generation has sent this as its status.
says_status() {
	field_is '.generations[-1].status' "$1"
}

# swap OPTIONS...: make an upgrade and a rollback under load; no request fails.
swap() {
	release server v2 "$@"
	load_begin --rate 1000 --kept 8
	hotswap upgrade web
	until_true is_version v2
	hotswap rollback web
	until_true is_version v1
	load_end
}

@test "user: READY=1 and STATUS= arrive from a program of another user" {
	release server v1 --notify --tell STATUS=warm
	serve --user nobody --ready notify
	until_true says_status warm
	swap --notify
	[ "$(mode run)" = 711 ]
	[ "$(stat -c '%U %a' run/web.notify.1)" = "nobody 600" ]
}

@test "user: with supplementary groups, it is the same" {
	# A file of groups that this supervisor alone sees.
	cp /etc/group group
	echo "more:x:61235:nobody" >>group
	mkdir aside
	cat >aside/hotswap <<-END
		#!/bin/sh
		[ "\$1" = run ] || exec '$PWD/hotswap/bin/hotswap' "\$@"
		exec unshare -m sh -c 'mount --bind group /etc/group &&
			exec $PWD/hotswap/bin/hotswap "\$@"' sh "\$@"
	END
	chmod 755 aside/hotswap
	PATH=$PWD/aside:$PATH
	release server v1 --notify
	serve --user nobody --ready notify
	[[ $(curl -s "http://127.0.0.1:$PORT/process") == *"groups"*" 61235"* ]]
	swap --notify
}

@test "user: a program of another user binds its own sockets (--shim preload, seccomp)" {
	PORT=$(free_port)
	for shim in preload seccomp; do
		release server v1 --notify --bind "127.0.0.1:$PORT"
		hotswap start -n web --user nobody --shim "$shim" --bake 200ms \
			--keep 1m -- ./server 3>&-
		[ "$(field '[.listeners[].address]')" = "[\"127.0.0.1:$PORT\"]" ]
		swap --notify --bind "127.0.0.1:$PORT"
		hotswap stop web --now
	done
}

@test "user: a runtime directory that others cannot pass is mended, and what runs gets through" {
	mkdir -m 700 run
	release server v1 --notify
	serve --user nobody --ready notify
	[ "$(mode run)" = 711 ]
	# As an older build has left it.
	chmod 700 run
	hotswap reexec web
	until_true hotswap status web
	[ "$(mode run)" = 711 ]
	swap --notify
}

@test "user: nobody else reaches what is in the runtime directory" {
	release server v1 --notify
	serve --user nobody --shim preload
	run ! as_other ls run
	for file in run/*; do
		as_other test -e "$file"
		run ! as_other test -r "$file"
		run ! as_other test -w "$file"
	done
	run ! as_other sh -c 'echo >run/mine'
}

@test "user: a directory above that bars the way is named at the start" {
	local bars=$PWD/closed

	mkdir -m 700 closed
	export HOTSWAP_RUNTIME_DIR=$bars/run
	release server v1 --notify
	run -1 hotswap start -n web --user nobody --ready notify \
		-l 127.0.0.1:0 -- ./server
	[[ $output == *"the notification socket $bars/run/web.notify.1: user nobody cannot get to it: $bars: Permission denied"* ]]
	run -1 hotswap start -n web --user nobody --shim preload -- ./server
	[[ $output == *"the shim's socket $bars/run/web.shim.1: user nobody cannot get to it: $bars: Permission denied"* ]]
	# Where it need not tell anything it is a warning.
	serve --user nobody
	grep -q "nobody cannot get to it.*do not arrive" run.log
	swap
}

@test "user: a runtime directory whose path is too long for the shim's library is named" {
	HOTSWAP_RUNTIME_DIR=$PWD/$(printf 'long%.0s' {1..30})

	run -1 hotswap start -n web --user nobody --shim preload -- ./server
	[[ $output == *"its path is longer than the 107 bytes"* ]]
}

# itself_kill: kill the supervisor with SIGKILL, and wait until another one
# answers.
itself_kill() {
	local before

	before=$(supervisor)
	kill -KILL "$before"
	until_true another_than "$before"
}

another_than() {
	local now

	now=$(supervisor 2>/dev/null) && [ -n "$now" ] && [ "$now" != "$1" ]
}

# choose_privileged: set PORT to a free one below 1024.
choose_privileged() {
	for PORT in $(seq 600 1000); do
		[ -n "$(ss -Hltn "sport = :$PORT")" ] || break
	done
}

# serve_own OPTIONS...: run a supervisor of ./server, which binds PORT itself,
# as `web` until it is ready.
serve_own() {
	PORT=$(free_port)
	release server v1 --bind "127.0.0.1:$PORT"
	hotswap run -n web --bake 200ms --keep 1m "$@" -- ./server \
		>>run.log 2>&1 3>&- &
	SUPERVISOR=$!
	PIDS+=("$SUPERVISOR")
	until_true hotswap wait web --for ready --timeout 10s 2>/dev/null
}

# stop: stop the service at once, so that the next one can start.
stop() {
	hotswap stop web --now
	wait "$SUPERVISOR" || true
	rm -f steer
}

# client COMMAND...: run a client in the background.
client() {
	"$@" 3>&- &
	CLIENT=$!
	PIDS+=("$CLIENT")
}

# is_nobodys FILE
is_nobodys() {
	[ "$(stat -c %U "$1")" = nobody ]
}

# runs_as UID: each process of each generation has this user.
runs_as() {
	local pid users

	for pid in $(field '[.generations[].pids[]] | join(" ")'); do
		users=$(sed -n 's/^Uid:\s*//p' "/proc/$pid/status" 2>/dev/null |
			tr '\t' '\n' | sort -u)
		# It may have ended meanwhile.
		[ "$users" = "$1" ] || [ ! -e "/proc/$pid" ]
	done
}

# all_of_it OPTIONS...: under load: upgrade, rollback, crash, restart, kill and
# reexec of the supervisor.  Only requests that the killed program had accepted
# may fail.
all_of_it() {
	load_begin --rate 500 --kept 4
	release server v2 "$@"
	hotswap upgrade web
	until_true is_version v2
	hotswap rollback web
	until_true is_version v1
	itself_kill
	hotswap restart web
	hotswap reexec web
	release server v3 "$@"
	hotswap upgrade web
	until_true is_version v3
	load_end
	runs_as 65534
	crash
	release server v4 "$@"
	hotswap upgrade web
	until_true is_version v4
	runs_as 65534
}

# crash: kill the main process; new connections wait for the next one.
crash() {
	local before

	before=$(pid_of "$(field .active)")
	kill -KILL "$before"
	until_true other_main "$before"
	until_true is_version v3
}

other_main() {
	local now

	now=$(pid_of "$(field .active)") && [ "$now" != 0 ] &&
		[ "$now" != "$1" ]
}

# at_socket PATH: print the version that answers there.
at_socket() {
	curl -s -m 30 -o /dev/null -D - --unix-socket "$1" http://web/ |
		sed -n 's/^X-Version: //ip' | tr -d '\r'
}

# says_at PATH VERSION
says_at() {
	[ "$(at_socket "$1")" = "$2" ]
}

@test "user: a service through its whole life, with sockets that are passed" {
	release server v1 --notify
	serve --user nobody --ready notify
	all_of_it --notify
}

@test "user: a service through its whole life, with sockets of its own" {
	local shim

	for shim in seccomp preload; do
		serve_own --user nobody --shim "$shim"
		all_of_it --bind "127.0.0.1:$PORT"
		stop
	done
}

@test "user: a privileged port is served where it is declared, passed or bound" {
	choose_privileged
	serve --user nobody
	swap
	stop
	release server v1 --bind "127.0.0.1:$PORT"
	serve --user nobody
	swap --bind "127.0.0.1:$PORT"
	runs_as 65534
}

@test "user: with --strategy exclusive, under load" {
	release server v1 --notify
	serve --user nobody --ready notify --strategy exclusive \
		--drain-timeout 2s
	load_begin --rate 300
	release server v2 --notify
	hotswap upgrade web
	until_true is_version v2
	hotswap rollback web
	until_true is_version v1
	load_end
}

@test "user: MAINPID= from a process of the program is heeded" {
	cat >talk.py <<-'END'
		import os, socket, sys, time
		pid = os.fork()
		if pid:
		    os.waitpid(pid, 0)
		    sys.exit()
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.connect(os.environ["NOTIFY_SOCKET"])
		s.send(b"READY=1\nSTATUS=changed\nMAINPID=%d" % os.getpid())
		time.sleep(300)
	END
	serve --user nobody --ready notify --health exec:true -- \
		/usr/bin/python3 ./talk.py
	until_true says_status changed
	[ "$(field '.generations[0].pids | length')" = 2 ]
	[ "$(pid_of 1)" = "$(field '.generations[0].pids[1]')" ]
}

@test "user: a program that shows life is left alone, and one that falls silent is ended" {
	release server v1 --notify --silent-after 0
	serve --user nobody --watchdog 4s
	program=$(pid_of 1)
	release server v2 --notify --silent-after 500
	run -1 hotswap upgrade web --bake 30s
	[[ $output == *"sent no WATCHDOG=1 for 4.0 s"* ]]
	[ "$(pid_of 1)" = "$program" ]
	run ! grep "generation 1.*aborted" run.log
}

@test "user: what a program stores is there after an upgrade, a crash and the supervisor's death" {
	cp "$BUILD/fixtures/cache" cache
	serve --user nobody --keep 0 --drain-timeout 100ms -- ./cache
	client python3 "$BATS_TEST_DIRNAME/cache_client.py" "$PORT" \
		report.json 4 50 50
	until_true stores 1 5
	itself_kill
	hotswap restart web
	until_true stores 2 5
	before=$(pid_of 2)
	kill -KILL "$before"
	until_true other_main "$before"
	until_true stores 2 5
	kill -TERM "$CLIENT"
	wait "$CLIENT" || {
		cat report.json
		return 1
	}
}

# stores N COUNT: generation N has stored at least COUNT descriptors.
stores() {
	[ "$(generation "$1" .stored.count)" -ge "$2" ]
}

@test "user: a Unix socket in a directory of the user's, and in a sticky one" {
	local path

	install -d -m 1777 sticky
	for path in "$PWD/theirs/web.sock" "$PWD/sticky/web.sock"; do
		release server v1 --bind "$path"
		hotswap start -n web --user nobody --bake 200ms --keep 1m \
			-- ./server 3>&-
		says_at "$path" v1
		is_nobodys "$path"
		client "$BUILD/load" --control steer --timeout 60s --rate 500 \
			"$path" >load.json
		until_true test -p steer
		release server v2 --bind "$path"
		hotswap upgrade web
		until_true says_at "$path" v2
		hotswap rollback web
		until_true says_at "$path" v1
		itself_kill
		release server v3 --bind "$path"
		hotswap upgrade web
		until_true says_at "$path" v3
		is_nobodys "$path"
		load_end
		rm -f steer
		hotswap stop web --now
	done
}

@test "user: pid files of the supervisor's, and of the program's own" {
	release server v1 --pidfile theirs/own.pid
	serve --user nobody --pidfile web.pid --child-pidfile child.pid
	[ "$(cat web.pid)" = "$(field .pid)" ]
	[ "$(cat child.pid)" = "$(pid_of 1)" ]
	[ "$(cat theirs/own.pid)" = "$(pid_of 1)" ]
	[ "$(stat -c %U web.pid child.pid theirs/own.pid | tr '\n' ' ')" = "root root nobody " ]
	release server v2 --pidfile theirs/own.pid
	hotswap upgrade web
	[ "$(cat child.pid)" = "$(pid_of 2)" ]
	[ "$(cat theirs/own.pid)" = "$(pid_of 2)" ]
}

@test "user: what the program prints is in a file of hotswap's, and it cannot open that; /dev/stdout it can" {
	release server v1
	hotswap start -n web --user nobody -l "127.0.0.1:$(free_port)" -- \
		sh -c 'echo from the program; echo by name >>/dev/stdout
		cat state/web/output || echo refused; exec ./server' 3>&-
	until_true grep -q "from the program" state/web/output
	until_true grep -q "by name" state/web/output
	until_true grep -q "refused" state/web/output
	expect 1 grep -r "from the program" state/web/log
}
