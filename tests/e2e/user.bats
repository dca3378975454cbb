#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# A supervisor that is root and a program that is not: --user.  What a program
# tells and asks goes through sockets that it must be able to reach.

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

# as_other COMMAND...: as a third user, who has nothing to do with it.
as_other() {
	setpriv --reuid 61234 --regid 61234 --clear-groups "$@"
}

# says_status TEXT: so the newest generation says of itself.
says_status() {
	field_is "d['generations'][-1]['status']" "$1"
}

# swap OPTIONS...: an upgrade and a rollback under load; no request fails.
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
		[ "$(field "[l['address'] for l in d['listeners']]")" = "['127.0.0.1:$PORT']" ]
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
	grep -q "nobody cannot get to it.*is not heard" run.log
	swap
}

@test "user: a runtime directory whose path is too long for the shim's library is named" {
	HOTSWAP_RUNTIME_DIR=$PWD/$(printf 'long%.0s' {1..30})

	run -1 hotswap start -n web --user nobody --shim preload -- ./server
	[[ $output == *"its path is longer than the 107 bytes"* ]]
}
