#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Signals with nginx's meanings, the PID files by which scripts find processes,
# and the terminal, whose own signals mean nothing.

load helper

# is_in FILE GENERATION: the file names this generation's main process.
is_in() {
	[ "$(cat "$1" 2>/dev/null)" = "$(pid_of "$2")" ]
}

# active N
active() {
	[ "$(field .active)" = "$1" ]
}

# is_busy N: generation N has a connection.
is_busy() {
	[ "$(generation "$1" .connections)" = 1 ]
}

# has_ended N: no process of generation N runs.
has_ended() {
	[ "$(pid_of "$1")" = 0 ]
}

# has_restarted N: generation N was restarted once.
has_restarted() {
	[ "$(generation "$1" .restarts)" = 1 ]
}

# is_idle: no rollout is under way.
is_idle() {
	[ "$(field .rollout.state)" = idle ]
}

# last_result: print the result of the last rollout.
last_result() {
	hotswap history web --json | tail -n 1 | gojq -r .result
}

@test "USR2: the same command line is rolled out anew" {
	serve
	release server v2
	kill -USR2 "$SUPERVISOR"
	until_true active 2
	[ "$(version)" = v2 ]
	[ "$(last_result)" = promoted ]
}

@test "HUP: goes back during a rollout and a keep time, else it upgrades" {
	serve
	release server v2
	kill -HUP "$SUPERVISOR"
	until_true active 2
	kill -HUP "$SUPERVISOR"
	until_true active 1
	[ "$(version)" = v1 ]
	[ "$(last_result)" = rolled-back ]
	hotswap upgrade web --bake 1h --no-wait
	until_true is_version v2
	kill -HUP "$SUPERVISOR"
	until_true is_version v1
	active 1
}

@test "WINCH: ends the keep time" {
	serve --keep 1h
	release server v2
	hotswap upgrade web
	until_true is_role 1 parked
	kill -WINCH "$SUPERVISOR"
	until_true is_role 1 retired
	[ "$(version)" = v2 ]
	kill -WINCH "$SUPERVISOR"
	until_true grep -q "SIGWINCH: no generation is parked" run.log
}

@test "USR1: goes to the active generation" {
	serve
	release server v2
	hotswap upgrade web
	kill -USR1 "$SUPERVISOR"
	until_true grep -q "active killed by SIGUSR1" run.log
}

@test "QUIT: lets requests end; TERM: does not wait" {
	serve
	load_begin --slow 1 --slow-time 1s
	until_true is_busy 1
	echo stop >steer
	kill -QUIT "$SUPERVISOR"
	expect 0 wait "$SUPERVISOR"
	wait "$CLIENT"
	serve --stop-timeout 1s
	load_begin --slow 1 --slow-time 1h
	until_true is_busy 1
	kill -TERM "$SUPERVISOR"
	expect 0 wait "$SUPERVISOR"
}

@test "--child-pidfile: names who serves, .oldbin the old one while both run" {
	serve --child-pidfile server.pid --keep 1h
	is_in server.pid 1
	[ ! -e server.pid.oldbin ]
	release server v2
	hotswap upgrade web --canary 50 --step-time 1h --no-wait
	until_true test -e server.pid.oldbin
	is_in server.pid 2
	is_in server.pid.oldbin 1
	hotswap promote web
	is_in server.pid 2
	is_in server.pid.oldbin 1
	hotswap rollback web
	is_in server.pid 1
	[ ! -e server.pid.oldbin ]
	kill -KILL "$(cat server.pid)"
	until_true has_restarted 1
	until_true is_in server.pid 1
	hotswap stop web
	[ ! -e server.pid ]
	[ -z "$(ls server.pid* 2>/dev/null)" ]
}

@test "--child-pidfile: taken back if the new one dies" {
	serve --child-pidfile server.pid --pidfile web.pid
	release server v2
	hotswap upgrade web --bake 1h --no-wait
	until_true is_in server.pid 2
	is_in server.pid.oldbin 1
	[ -e web.pid.oldbin ]
	kill -SEGV "$(cat server.pid)"
	until_true is_in server.pid 1
	[ ! -e server.pid.oldbin ]
	[ ! -e web.pid.oldbin ]
	[ "$(cat web.pid)" = "$SUPERVISOR" ]
}

@test "--child-pidfile: what a killed supervisor has left is put right" {
	echo 1 >server.pid
	echo 1 >server.pid.oldbin
	echo 1 >web.pid.oldbin
	serve --child-pidfile server.pid --pidfile web.pid
	is_in server.pid 1
	[ ! -e server.pid.oldbin ]
	[ ! -e web.pid.oldbin ]
}

@test "nginx's upgrade by kill and pid files, under load" {
	serve --pidfile nginx.pid --keep 1h --drain-timeout 1s
	load_begin --rate 500 --kept 4
	release server v2
	kill -USR2 "$(cat nginx.pid)"
	until_true test -s nginx.pid.oldbin
	# Both run, and the new one serves.
	[ -s nginx.pid ]
	is_version v2
	kill -WINCH "$(cat nginx.pid.oldbin)"
	until_true is_idle
	active 2
	is_role 1 parked
	kill -QUIT "$(cat nginx.pid.oldbin)"
	until_true is_role 1 retired
	until_true test ! -e nginx.pid.oldbin
	[ "$(cat nginx.pid)" = "$SUPERVISOR" ]
	is_version v2
	load_end
}

@test "nginx's upgrade in the short form of init scripts: USR2, then QUIT" {
	serve --pidfile nginx.pid --bake 1h
	release server v2
	kill -USR2 "$(cat nginx.pid)"
	until_true test -s nginx.pid.oldbin
	kill -QUIT "$(cat nginx.pid.oldbin)"
	until_true is_role 1 retired
	active 2
	is_version v2
}

# nginx_way_back: roll back as with nginx, after USR2 and what else was sent.
nginx_way_back() {
	kill -HUP "$(cat nginx.pid.oldbin)"
	until_true is_version v1
	active 1
	# The new one's turn to go; the service stays.
	[ -s nginx.pid.oldbin ]
	kill -QUIT "$(cat nginx.pid)"
	until_true test ! -e nginx.pid.oldbin
	until_true has_ended 2
	is_version v1
	[ "$(cat nginx.pid)" = "$SUPERVISOR" ]
	load_end
	# From here on QUIT means what it did before.
	kill -QUIT "$(cat nginx.pid)"
	expect 0 wait "$SUPERVISOR"
	[ ! -e nginx.pid ]
}

@test "nginx's way back by kill and pid files, under load" {
	serve --pidfile nginx.pid --drain-timeout 1s
	load_begin --rate 500 --kept 4
	release server v2
	kill -USR2 "$(cat nginx.pid)"
	until_true test -s nginx.pid.oldbin
	kill -WINCH "$(cat nginx.pid.oldbin)"
	until_true active 2
	nginx_way_back
}

@test "nginx's way back while the new one is still on trial" {
	serve --pidfile nginx.pid --canary 50 --step-time 1h \
		--drain-timeout 1s
	load_begin --rate 500 --kept 4
	release server v2
	kill -USR2 "$(cat nginx.pid)"
	until_true test -s nginx.pid.oldbin
	nginx_way_back
}

@test "nginx's TERM to the old one stops it at once, USR1 reaches it" {
	serve --pidfile nginx.pid
	release server v2
	hotswap upgrade web
	until_true is_role 1 parked
	kill -USR1 "$(cat nginx.pid.oldbin)"
	until_true grep -q "parked killed by SIGUSR1" run.log
	until_true test ! -e nginx.pid.oldbin
	release server v3
	hotswap upgrade web
	until_true is_role 2 parked
	kill -TERM "$(cat nginx.pid.oldbin)"
	until_true is_role 2 retired
	[ "$(version)" = v3 ]
}

@test "a broken upgrade by USR2: .oldbin never appears, the old one serves" {
	serve --pidfile nginx.pid
	release server v2 --exit 1
	kill -USR2 "$(cat nginx.pid)"
	until_true grep -q "taken back: the program exited with status 1" run.log
	[ ! -e nginx.pid.oldbin ]
}

# on_terminal HOW: run a supervisor in a terminal: as a job of an interactive
# shell, or in place of one.  Lines for the FIFO `terminal`: `size` changes the
# terminal's size, `close` closes it.
on_terminal() {
	PORT=$(free_port)
	mkfifo terminal
	python3 -c 'import fcntl, os, pty, struct, sys, termios
how, command = sys.argv[1:]
pid, master = pty.fork()
if pid == 0:
	if how == "job":
		os.execvp("bash", ["bash", "--norc", "-i"])
	os.execvp("bash", ["bash", "--norc", "-c", command + "; true"])
if how == "job":
	os.write(master, (command + " &\n").encode())
for line in open("terminal"):
	if line == "size\n":
		fcntl.ioctl(master, termios.TIOCSWINSZ,
		    struct.pack("HHHH", 40, 100, 0, 0))
	else:
		break
os.close(master)
os.waitpid(pid, 0)' "$1" "exec 3>&-; hotswap run -n web -l 127.0.0.1:$PORT \
--bake 100ms --pidfile web.pid -- ./server >>run.log 2>&1" 3>&- &
	PIDS+=("$!")
	TERMINAL=$!
	exec 4>terminal
	until_true hotswap wait web --for ready --timeout 10s 2>/dev/null
	PIDS+=("$(cat web.pid)")
	release server v2
}

# hang_up: close the terminal; nothing follows, not even later.
hang_up() {
	echo close >&4
	exec 4>&-
	wait "$TERMINAL"
	until_true grep -q "the terminal has gone" run.log
	sleep 2.5 # what comes later must not come
	active 1
	is_idle
}

@test "a terminal that hangs up starts no upgrade of a job of its shell" {
	on_terminal job
	hang_up
	# A HUP that is meant is heard.
	kill -HUP "$(cat web.pid)"
	until_true active 2
}

@test "a terminal that hangs up starts no upgrade in its foreground" {
	on_terminal foreground
	echo close >&4
	exec 4>&-
	sleep 1.5 # what comes must not come
	active 1
	is_idle
}

@test "a terminal's HUP by hand upgrades, its change of size ends no keep time" {
	on_terminal foreground
	kill -HUP "$(cat web.pid)"
	until_true active 2
	until_true is_role 1 parked
	echo size >&4
	sleep 0.5 # what comes must not come
	is_role 1 parked
	kill -WINCH "$(cat web.pid)"
	until_true is_role 1 retired
}
