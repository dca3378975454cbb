#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The least privilege that is enough, as hotswap-security(7) promises.

load helper

setup() {
	[ "$(id -u)" = 0 ] || skip "takes root and another user"
	setup_service
	install -d -o nobody -m 755 theirs
}

# listed: print the capabilities of the manual page, as setpriv takes them.
listed() {
	sed -n '/^\.Ss As root/,/^\.Ss Under/s/^\.It //p' \
	    "$BATS_TEST_DIRNAME/../../man/hotswap-security.7" |
	    grep -o 'CAP_[A-Z_]*' | sed 's/^CAP_/+/' | tr 'A-Z\n' 'a-z,'
}

# confined CAPABILITIES: from now on hotswap is started with only these.
confined() {
	mkdir -p aside
	cat >aside/hotswap <<-END
		#!/bin/sh
		[ "\$1" = run ] || exec '$BUILD/bin/hotswap' "\$@"
		exec setpriv --bounding-set='-all,${1%,}' --inh-caps=-all \
		    '$BUILD/bin/hotswap' "\$@"
	END
	chmod 755 aside/hotswap
	PATH=$PWD/aside:$PATH
}

# whole_life: an upgrade and a rollback under load, the death of the supervisor,
# and a stop.
whole_life() {
	release server v2
	load_begin --rate 300
	hotswap upgrade web
	until_true is_version v2
	kill -KILL "$(supervisor)"
	until_true hotswap rollback web
	until_true is_version v1
	load_end
	program=$(pid_of 1)
	hotswap stop web --now
	run ! kill -0 "$program"
}

@test "privilege: the capabilities that the manual lists are enough for a program of another user" {
	[ "$(listed)" != "" ]
	confined "$(listed)"
	serve --user nobody --shim seccomp --control-group daemon \
	    --check 'id -un | grep -qx nobody'
	[ "$(field '.generations[0].shim')" = seccomp ]
	whole_life
}

@test "privilege: they are enough for a program that binds a Unix socket of its own" {
	confined "$(listed)"
	hotswap run -n web --user nobody --shim seccomp --bake 0 \
	    -- ./server --bind "$PWD/theirs/sock" >>run.log 2>&1 3>&- &
	PIDS+=("$!")
	until_true hotswap wait web --for ready --timeout 10s 2>/dev/null
	[ "$(field '.listeners[0].steering')" = rename ]
	hotswap upgrade web
	curl -sf --unix-socket theirs/sock http://localhost/ >/dev/null
	hotswap stop web --now
}

@test "privilege: an ordinary user needs none" {
	chown nobody .
	mkdir aside
	cat >aside/hotswap <<-END
		#!/bin/sh
		exec setpriv --reuid nobody --regid nogroup --clear-groups \
		    --bounding-set=-all --inh-caps=-all \
		    '$BUILD/bin/hotswap' "\$@"
	END
	chmod 755 aside/hotswap
	PATH=$PWD/aside:$PATH
	serve
	whole_life
}
