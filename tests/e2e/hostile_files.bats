#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Files, logs and the environment: what can a program of another user read or
# change, or make a supervisor of root's write?

load hostile

setup() {
	hostile_setup
}

# environment OPTIONS...: the program writes its environment into theirs/said.
environment() {
	attacker "{ env; id -Gn; echo that is all; }"
	serve --user nobody "$@" -- ./program
	until_true said "that is all"
}

@test "environment: a program of another user has that user's variables, and nothing else of root's shell" {
	unset INVOCATION_ID
	export TOKEN=of-root HOME=/root USER=root LOGNAME=root SHELL=/bin/bash
	export TZ=UTC LC_TIME=C HANDED=on

	environment --env HANDED --env MADE=1
	said "HOME=$(getent passwd nobody | cut -d: -f6)"
	said USER=nobody
	said LOGNAME=nobody
	said "SHELL=$(getent passwd nobody | cut -d: -f7)"
	said TZ=UTC
	said LC_TIME=C
	said HANDED=on
	said MADE=1
	run ! said TOKEN
	run ! grep -E "=(/root|root)$" theirs/said
	said nogroup
}

@test "environment: what a service manager has made for the service goes to the program, but for the user's own variables" {
	INVOCATION_ID=1 TOKEN=of-the-unit HOME=/root environment
	said TOKEN=of-the-unit
	said "HOME=$(getent passwd nobody | cut -d: -f6)"
}

# refused_to_run TEXT [PROGRAM]: an upgrade to ./theirs/server or PROGRAM is
# refused with this reason, and v1 goes on.
refused_to_run() {
	expect 1 hotswap upgrade web -- "${2:-$PWD/theirs/server}" 2>said
	grep -F "could be replaced by others than root" said
	grep -F -- "$1" said
	is_version v1
}

@test "program: root runs none that another user, a group or a directory's owner could replace" {
	serve
	load_begin --rate "${HOSTILE_RATE:-300}"
	cp server theirs/server
	chmod 775 theirs/server
	refused_to_run "the directory $PWD/theirs belongs to nobody (mode 0755)"
	chown root theirs
	chown nobody theirs/server
	refused_to_run "$PWD/theirs/server belongs to nobody (mode 0775)"
	chown root:nogroup theirs/server
	refused_to_run "is writable by the group nogroup (owner root, mode 0775)"
	chgrp root theirs/server
	chown :nogroup theirs
	chmod 775 theirs
	refused_to_run "chmod g-w $PWD/theirs"

	chown nobody theirs
	ln -s "$PWD/server" theirs/link
	refused_to_run "the directory $PWD/theirs belongs to nobody" \
		"$PWD/theirs/link"
	cp /bin/sh theirs/interpreter
	printf '#!%s\nexec ./server\n' "$PWD/theirs/interpreter" >script
	chmod 755 script
	refused_to_run "the directory $PWD/theirs belongs to nobody" ./script

	chown -R root:root theirs
	chmod 755 theirs
	release theirs/server v2
	hotswap upgrade web -- "$PWD/theirs/server"
	until_true is_version v2
	load_end
}

@test "program: as another user a file of its own runs, and of who deploys it, and none that a third could replace" {
	install -o nobody -m 700 server theirs/server
	serve --user nobody -- "$PWD/theirs/server"
	until_true is_version v1
	# Owner and directory are those of a user who deploys.
	chown daemon theirs theirs/server
	chmod 755 theirs/server
	hotswap upgrade web
	# The directory is a third user's.
	chown games theirs
	expect 1 hotswap upgrade web 2>said
	grep -F "could be replaced by others than root and nobody" said
	grep -F "belongs to games" said
	# As root it does not run even where only its owner could replace it.
	chown daemon theirs
	expect 1 hotswap start -n other --restart never -- "$PWD/theirs/server" 2>said
	grep -F "could be replaced by others than root" said
}

@test "program: no directory is entered for it to which its user has no way" {
	mkdir -m 700 secret
	mkdir secret/open
	ln -s "$PWD/secret/open" theirs/way
	expect 1 hotswap start -n web --user nobody --chdir "$PWD/theirs/way" \
		--restart never -- "$PWD/server" --bind 127.0.0.1:0 2>said
	grep -F "Permission denied" said
	grep -F "$PWD/theirs/way" said
}

# attacker_of_its_output: make ./program, a part of which attacks its own stdout
# and stderr.
attacker_of_its_output() {
	cat >program <<-END
		#!/bin/sh
		'$BUILD/fixtures/hostile_output' harm '$PWD/theirs/said' &
		exec ./server "\$@"
	END
	chmod 755 program
}

# harm_done: the attacker has tried everything with its output.
harm_done() {
	until_true said "harm is done"
	expect 1 grep -F "read: hotswap" theirs/said
}

@test "output: a program can neither cut nor read the file that the output of run goes to" {
	attacker_of_its_output
	echo "before the start" >run.log
	serve_attacked
	harm_done
	grep "before the start" run.log
	grep "generation 1: serves" run.log
	unharmed
	grep "generation 2: .*started" run.log
}

@test "output: a program can neither cut nor read the log and the output of start" {
	PORT=$(free_port)
	attacker_of_its_output
	mkdir -p state/web
	echo "before the start" | tee state/web/log >state/web/output
	hotswap start -n web -l "127.0.0.1:$PORT" --bake 200ms --keep 1m \
		--user nobody -- ./program
	PIDS+=("$(field .pid)")
	load_begin --rate "${HOSTILE_RATE:-300}"
	harm_done
	grep "before the start" state/web/log
	grep "before the start" state/web/output
	unharmed
	grep "generation 1: serves" state/web/log
}

# pid_in FILE PID: the file has this PID, and its owner is nobody.
pid_in() {
	[ ! -L "$1" ] && [ "$(cat "$1")" = "$2" ] &&
		[ "$(stat -c %U "$1")" = nobody ]
}

@test "pid files: in a directory of the program's they are made with its rights, whatever links are planted there" {
	echo precious >victim
	ln -s "$PWD/victim" theirs/web.pid
	ln -s "$PWD/victim" theirs/child.pid
	ln -s "$PWD/victim" theirs/child.pid.oldbin
	chown -h nobody theirs/*
	attacker "true"
	serve_attacked --pidfile theirs/web.pid --child-pidfile theirs/child.pid
	pid_in theirs/web.pid "$SUPERVISOR"
	until_true pid_in theirs/child.pid "$(pid_of 1)"
	release server v2
	hotswap upgrade web
	until_true pid_in theirs/child.pid "$(pid_of 2)"
	until_true pid_in theirs/child.pid.oldbin "$(pid_of 1)"
	load_end
	hotswap stop web --now
	[ "$(cat victim)" = precious ]
	[ "$(stat -c %U victim)" = root ]
	[ ! -e theirs/web.pid ]
	[ ! -e theirs/child.pid ]
}

@test "pid files: a way that leads through the program's directory to root's is not gone with root's rights" {
	mkdir guarded
	echo precious >guarded/web.pid
	ln -s ../guarded theirs/run
	expect 78 hotswap run -n web --user nobody \
		--pidfile theirs/run/web.pid -- ./server 2>said
	grep "web.pid: .*with the rights of the program's user" said
	[ "$(cat guarded/web.pid)" = precious ]

	# Where the program is root's there are no lesser rights to use.
	expect 78 hotswap run -n web --pidfile theirs/web.pid -- ./server 2>said
	grep "theirs/web.pid: not written, since others could use this path to replace root's files" said
	grep "$PWD/theirs belongs to nobody (mode 0755)" said
	[ ! -e theirs/web.pid ]
}

@test "pid files: a directory that is swapped for a link all the time gets nothing of root's replaced" {
	mkdir guarded
	echo precious >guarded/child.pid
	attacker "while :; do ln -s ../guarded run; sleep 0.02; rm run; mkdir run; rmdir run; done"
	serve_attacked --child-pidfile theirs/run/child.pid
	unharmed
	[ "$(cat guarded/child.pid)" = precious ]
	[ "$(find guarded | wc -l)" = 2 ]
}

@test "pid files: a lock of another's on the file stops no start" {
	echo 1 >web.pid
	python3 -c 'import fcntl, os, time
fd = os.open("web.pid", os.O_RDONLY)
fcntl.flock(fd, fcntl.LOCK_SH)
open("locked", "w")
time.sleep(60)' 3>&- &
	PIDS+=("$!")
	until_true test -e locked
	echo 999999999 >web.pid
	serve --pidfile web.pid
	[ "$(cat web.pid)" = "$SUPERVISOR" ]
	expect 2 hotswap run -n other --pidfile web.pid -- ./server 2>said
	grep "the file already belongs to process $SUPERVISOR" said
}

@test "state: root keeps nothing in directories that another user can change or turn elsewhere" {
	mkdir guarded
	HOTSWAP_STATE_DIR=$PWD/theirs/state expect 77 hotswap run -n web \
		-- ./server 2>said
	grep "state directory $PWD/theirs/state/web: .*cannot be trusted" said
	ln -s "$PWD/guarded" theirs/state
	HOTSWAP_STATE_DIR=$PWD/theirs/state expect 77 hotswap start -n web \
		-- ./server 2>said
	grep "$PWD/theirs/state/web" said
	HOTSWAP_RUNTIME_DIR=$PWD/theirs/state/run expect 77 hotswap run -n web \
		-- ./server 2>said
	grep "runtime directory $PWD/theirs/state/run" said
	[ -z "$(ls guarded)" ]
}
