#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# What a program may report, how it is started, and what follows from its end.
# shellcheck disable=SC2030,SC2031,SC2034 # one shell a test

load helper

# talker: make a server that sends messages to NOTIFY_SOCKET: first its
# arguments, then the lines of the file `say` at each SIGUSR1.
talker() {
	cat >talker <<-'PYTHON'
		#!/usr/bin/env python3
		import os, signal, socket, sys, time
		def say(text):
		    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		    path = os.environ["NOTIFY_SOCKET"]
		    s.sendto(text.replace("@PID@", str(os.getpid())).encode(),
		             path.replace("@", "\0", 1))
		def on_usr1(*_):
		    for line in open("say"):
		        say(line.strip())
		signal.signal(signal.SIGUSR1, on_usr1)
		def on_term(*_):
		    if os.path.exists("slow-stop"):
		        say("EXTEND_TIMEOUT_USEC=20000000")
		        time.sleep(3)
		        open("stopped-slowly", "w")
		    sys.exit(0)
		signal.signal(signal.SIGTERM, on_term)
		for text in sys.argv[1:]:
		    if text.startswith("wait="):
		        time.sleep(float(text[5:]))
		    else:
		        say(text)
		s = socket.socket(fileno=3)
		while True:
		    c, _ = s.accept()
		    c.close()
	PYTHON
	chmod 755 talker
}

# says TEXT: the talker sends this.
says() {
	echo "$1" >say
	kill -USR1 "$(pid_of 1)"
}

# has_event NAME
has_event() {
	hotswap events web | grep -q "\"event\": *\"$1\""
}

# status_is TEXT
status_is() {
	[ "$(field '.generations[0].status')" = "$1" ]
}

@test "--ready notify: READY=1 makes a program ready, and nothing else" {
	PORT=$(free_port)
	talker
	hotswap run -n web -l "127.0.0.1:$PORT" --ready notify \
		-- ./talker STATUS=up >>run.log 2>&1 3>&- &
	SUPERVISOR=$!
	PIDS+=("$SUPERVISOR")
	until_true status_is up 2>/dev/null
	expect 75 hotswap wait web --for ready --timeout 200ms
	says READY=1
	hotswap wait web --for ready --timeout 10s
}

@test "EXTEND_TIMEOUT_USEC: gives a start more time than --start-timeout" {
	talker
	serve --ready notify --start-timeout 2s \
		-- ./talker EXTEND_TIMEOUT_USEC=20000000 wait=3 READY=1
}

@test "EXTEND_TIMEOUT_USEC: gives a stop more time than --stop-timeout" {
	talker
	touch slow-stop
	serve --stop-timeout 2s -- ./talker READY=1
	hotswap stop web
	[ -e stopped-slowly ]
}

@test "STATUS: is told by status, the last one counts" {
	talker
	serve -- ./talker READY=1 "STATUS=one" "STATUS=two"
	until_true status_is two
}

@test "STOPPING and RELOADING: are told as events, also without MONOTONIC_USEC" {
	talker
	serve -- ./talker READY=1
	says RELOADING=1
	until_true has_event reloading
	says READY=1
	until_true has_event reloaded
	says STOPPING=1
	until_true has_event stopping
}

@test "MAINPID: a process of the generation becomes its main one, another's does not" {
	talker
	serve -- sh -c './talker READY=1 MAINPID=@PID@ & wait'
	until_true field_is '.generations[0].pids | length' 2
	is_talker() { grep -q talker "/proc/$(pid_of 1)/cmdline"; }
	until_true is_talker
	before=$(pid_of 1)
	says "MAINPID=$BASHPID
STATUS=asked"
	until_true status_is asked
	[ "$(pid_of 1)" = "$before" ]
}

# ended STATUS: the supervisor has ended with this status.
ended() {
	local status=0

	wait "$SUPERVISOR" || status=$?
	[ "$status" -eq "$1" ]
}

@test "--restart always: a program past --restart-limit is given up, with its fate" {
	serve --restart-limit 2/60s -- ./server --die-after-requests 1 --exit 7
	DEADLINE=20
	dies() { version >/dev/null 2>&1; ! kill -0 "$SUPERVISOR" 2>/dev/null; }
	until_true dies
	ended 7
	[ "$(grep -c "started again, PID" run.log)" -eq 2 ]
	grep -q "given up" run.log
}

@test "--restart never: the supervisor ends with the program's status" {
	serve --restart never -- ./server --die-after-requests 1 --exit 9
	curl -s -m 5 "http://127.0.0.1:$PORT/" >answer || true
	ended 9
}

@test "--restart never: a program that is killed gives 128 and the signal" {
	serve --restart never
	kill -KILL "$(pid_of 1)"
	ended 137
}

@test "--restart on-failure: an end with 0 is the end, one with 1 is not" {
	serve --restart on-failure
	kill -KILL "$(pid_of 1)"
	again() { [ "$(field '.generations[0].restarts')" = 1 ]; }
	until_true again
	# Until it serves, SIGTERM is a failure as well.
	until_true is_version v1
	kill -TERM "$(pid_of 1)"
	ended 0
}

@test "run: user, group, directory, umask, environment and no_new_privs are the program's" {
	[ "$(id -u)" -eq 0 ] || skip "takes root"
	mkdir there
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR/.."
	cat >shower <<-'SH'
		#!/bin/sh
		{ id -un; id -gn; pwd; umask; grep NoNewPrivs /proc/self/status
		env; } >/dev/shm/$MARK.new
		mv /dev/shm/$MARK.new /dev/shm/$MARK
		exec ./server
	SH
	chmod 755 shower
	cp shower server there
	export LEFT_OUT=1
	mark=hotswap-program-$$
	serve --user nobody --group daemon --chdir there --umask 027 \
		--clear-env --env "MARK=$mark" --env PATH=/usr/bin:/bin \
		--no-new-privs -- ./shower
	mv "/dev/shm/$mark" shown
	[ "$(sed -n 1,4p shown | tr '\n' ' ')" = "nobody daemon $(realpath there) 0027 " ]
	grep -q "NoNewPrivs:.*1" shown
	grep -q "^HOTSWAP_GENERATION=1$" shown
	grep -q "^LISTEN_FDS=1$" shown
	expect 1 grep -q LEFT_OUT shown
}

@test "run: as PID 1 it reaps orphans, and SIGTERM ends all" {
	unshare --pid --fork --mount-proc true 2>/dev/null ||
		skip "takes a PID namespace"
	PORT=$(free_port)
	HOTSWAP=$(command -v hotswap)
	unshare --pid --fork --mount-proc "$HOTSWAP" run -n web \
		-l "127.0.0.1:$PORT" -- ./server --fork-grandchildren 2 \
		>>run.log 2>&1 3>&- &
	outer=$!
	PIDS+=("$outer")
	until_true hotswap wait web --for ready --timeout 10s 2>/dev/null
	init=$(pgrep -P "$outer")
	[ "$(version)" = v1 ]
	# An orphan of another's, which ends: nobody but PID 1 can reap it.
	nsenter -t "$init" -p sh -c 'sleep 0.01 & exit 0'
	no_zombie() { ! pgrep -P "$init" -r Z >/dev/null; }
	until_true no_zombie
	kill -TERM "$init"
	wait "$outer"
	expect 1 pgrep -P "$init"
}

@test "a program is heard after somebody has removed its notification socket" {
	talker
	serve -- ./talker READY=1 STATUS=before
	until_true status_is before
	rm -r run
	until_true test -e run/web.notify.1
	says STATUS=after
	until_true status_is after
	rm run/web.notify.1
	until_true test -e run/web.notify.1
	kill -KILL "$(supervisor)"
	until_true says STATUS=later
	until_true status_is later
}
