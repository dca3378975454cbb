#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Debian's packages in a fresh Debian, as a stranger meets them: `make deb-test`,
# which makes the system and packages of two versions.

load place

# start OPTIONS...: start the service web as a stranger does.
start() {
	release server v1
	hotswap start -n web -l "127.0.0.1:$PORT" --health \
		"http://127.0.0.1:$PORT/" --bake 300ms "$@" -- /srv/server
}

@test "deb: installed in a fresh system, it starts, upgrades, refuses and goes back" {
	enter stranger
	install "$DEBS"
	hotswap --version | grep -qxF "hotswap $(version_of "$DEBS")"
	start
	load_begin --rate 200
	release server v2
	hotswap upgrade web
	is_version v2
	release server v3 --answer 500
	expect 1 hotswap upgrade web --start-timeout 2s
	is_version v2
	hotswap rollback web
	is_version v1
	hotswap status web | grep -q 'generation\|web'
	hotswap doctor >/dev/null
	load_end
	hotswap stop web --now
}

@test "deb: the manual and the completions are where Debian's shells look" {
	enter stranger
	install "$DEBS"
	for page in hotswap.1 hotswap-config.5 hotswap-systemd.7 hotswap-fleet.1 \
	    hotswap-fleet.7 hotswap-protocol.7 hotswap-recovery.7 \
	    hotswap-security.7 hotswap-shim.7 hotswap-store.7; do
		inside man "${page##*.}" "${page%.*}" >page
		grep -q "^NAME" page
		# It names paths of this installation.
		expect 1 grep /usr/local page
	done
	# shellcheck disable=SC2016
	inside bash -c '. /usr/share/bash-completion/bash_completion
	    _completion_loader hotswap; complete -p hotswap' |
		grep -q -- '-F _hotswap hotswap'
	# shellcheck disable=SC2016
	inside zsh -c 'autoload -Uz compinit; compinit -u -D
	    print -r -- $_comps[hotswap]' | grep -qx _hotswap
	inside fish -c 'complete -C "hotswap upg"' | grep -q '^upgrade'
	inside bash -c 'hotswap complete -- fleet res' | grep -q '^resume'
	expect 64 hotswap fleet
}

@test "deb: a new version of the package takes the services over under load" {
	enter stranger
	install "$DEBS"
	inside useradd -m ordinary
	start --user nobody
	release theirs v1
	other=$(free_port)
	inside su ordinary -s /bin/sh -c \
		"hotswap start -n own -l 127.0.0.1:$other -- /srv/theirs"
	pid=$(field .pid)
	program=$(pid_of 1)
	load_begin --rate 500 --kept 4
	install "$DEBS_NEXT"
	[ "$(field .version)" = "$(version_of "$DEBS_NEXT")" ]
	[ "$(field .pid)" = "$pid" ]
	[ "$(pid_of 1)" = "$program" ]
	# What is somebody else's goes on, and is named.
	curl -s -f -m 5 -o answer "http://127.0.0.1:$other/"
	grep -q 'of ordinary goes on with the build before' installed
	inside su ordinary -s /bin/sh -c "hotswap reexec own && hotswap stop own"
	release server v2
	hotswap upgrade web
	# And back.
	install "$DEBS"
	[ "$(field .version)" = "$(version_of "$DEBS")" ]
	[ "$(field .pid)" = "$pid" ]
	is_version v2
	load_end
	hotswap stop web
}

@test "deb: what serves outlives the package's removal; a purge leaves nothing" {
	enter stranger
	find "$ROOT" -xdev -path "$ROOT/srv" -prune -o -print | sort >before
	install "$DEBS"
	start
	pid=$(field .pid)
	program=$(pid_of 1)
	load_begin --rate 200
	inside apt-get remove -y hotswap >removed 2>&1
	grep -q "^web  *$pid " removed
	grep -q "signal QUIT" removed
	is_version v1
	# While it runs, its state stays.
	inside dpkg --purge hotswap hotswap-fleet >purged 2>&1
	grep -q "stays, because services still run" purged
	test -d "$ROOT/var/lib/hotswap/web"
	is_version v1
	load_end
	kill -QUIT "$pid"
	until_true expect 1 kill -0 "$program"
	install "$DEBS"
	inside dpkg --purge hotswap hotswap-fleet
	find "$ROOT" -xdev -path "$ROOT/srv" -prune -o -print |
		grep -v '/var/tmp/debs' | grep hotswap >left || true
	[ ! -s left ] || {
		cat left
		return 1
	}
}
