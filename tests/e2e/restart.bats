#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# A program that ends by itself is started again, with the same sockets.

load helper

restarted() {
	[ "$(field '.generations[0].restarts')" = 1 ]
}

@test "restart: a program that shut its listening socket down before it died serves again" {
	cat >shutter <<-'PYTHON'
		#!/usr/bin/env python3
		import os, signal, socket
		s = socket.socket(fileno=3)
		def die(*_):
		    s.shutdown(socket.SHUT_RDWR)
		    os.kill(os.getpid(), signal.SIGKILL)
		signal.signal(signal.SIGUSR1, die)
		while True:
		    c, _ = s.accept()
		    c.recv(4096)
		    c.sendall(b"HTTP/1.1 200 OK\r\nX-Version: v1\r\nContent-Length: 0\r\n\r\n")
		    c.close()
	PYTHON
	chmod 755 shutter
	serve -- ./shutter
	[ "$(version)" = v1 ]
	before=$(pid_of 1)
	hotswap signal web USR1
	until_true restarted
	[ "$(pid_of 1)" != "$before" ]
	[ "$(version)" = v1 ]
}

@test "restart: a start that fails is repeated like the start of a program that ends" {
	local supervisor

	serve --restart-limit 1000/60s
	supervisor=$(supervisor)
	prlimit --pid "$supervisor" --nofile=3:
	kill -9 "$(pgrep -P "$supervisor" -x server)"
	until_true grep -q "generation 1: .*Too many open files" run.log
	prlimit --pid "$supervisor" --nofile=1024:
	until_true is_version v1
}

# crash N: generation N's program is killed.
crash() {
	kill -9 "$(pid_of "$1")"
}

# told_once TEXT: the log has one line with it.
told_once() {
	[ "$(grep -c "$1" run.log)" = 1 ]
}

# lacks CALL ERROR TEXT OPTIONS...: while this call fails, a server that has
# crashed is tried again for longer than --restart-limit allows, and is there
# again afterwards.
lacks() {
	local call=$1 error=$2 text=$3

	shift 3
	serve --restart-limit 2/60s "$@"
	starve "$call" "$error"
	crash 1
	until_true refused 5
	feed
	until_true is_version v1
	told_once "$text: this is tried again until it succeeds"
	run ! grep -q "given up" run.log
	# One restart was counted, so that another one is allowed.
	crash 1
	until_true is_version v1
}

@test "restart: for lack of processes a start is tried again beyond --restart-limit" {
	lacks clone,clone3 EAGAIN "fork: Resource temporarily unavailable"
}

@test "restart: for lack of descriptors a start is tried again beyond --restart-limit" {
	lacks pipe2 EMFILE "pipe: Too many open files"
}

@test "restart: for lack of memory for the shim a start is tried again" {
	lacks memfd_create ENOMEM "the shim's filter: Cannot allocate memory" \
		--shim seccomp
}

@test "restart: for lack of memory for a look at --image-path a start is tried again" {
	mkdir app
	lacks memfd_create ENOMEM "cannot look at $PWD/app: Cannot allocate memory" \
		--image-path "$PWD/app"
}

@test "restart: a program whose calls cannot be served is ended, and tried again" {
	lacks recvmsg ENOMEM "notifications: Cannot allocate memory" \
		--shim seccomp
	[ "$(running | wc -l)" = 1 ]
}

@test "restart: a program that the system refuses to execute is tried again" {
	serve --restart-limit 2/60s
	starve execve EAGAIN -f
	crash 1
	until_true refused 5
	feed
	until_true is_version v1
	run ! grep -q "given up" run.log
}

@test "restart: what is the program's own is counted: it is given up" {
	serve --restart-limit 2/60s --no-image-copy
	starve clone,clone3 EAGAIN
	crash 1
	until_true refused 4
	chmod 644 server
	feed
	until_true grep -q "generation 1: given up: .*it " run.log
	run ! wait "$SUPERVISOR"
}

# is_refused_again: a start fails; it is killed if it came between two tracers.
is_refused_again() {
	refused 1 || {
		[ "$(pid_of 1)" = 0 ] || crash 1
		return 1
	}
}

@test "restart: what is told anew is another reason" {
	serve --restart-limit 2/60s
	starve clone,clone3 EAGAIN
	crash 1
	until_true refused 4
	field '.generations[0].trouble' | grep -q "fork: .* unavailable$"
	feed
	starve clone,clone3 ENOMEM
	until_true is_refused_again
	feed
	until_true is_version v1
	told_once "unavailable: this is tried again"
	told_once "memory: this is tried again"
	[ "$(field '.generations[0].trouble')" = "" ]
}

@test "restart: while a start lacks something, a parked generation takes over" {
	serve --restart-limit 2/60s
	release server v2
	hotswap upgrade web
	is_role 1 parked
	starve clone,clone3 EAGAIN
	crash 2
	until_true is_version v1
	until_true is_role 1 active
	feed
	hotswap events web | grep -q '"event": *"given-up"'
}

# A Unix path is put into its place by a process, which cannot be had either.
@test "restart: a parked generation that lacks the same cannot take over: the active one is tried again" {
	serve --restart-limit 2/60s -l "$PWD/sock"
	release server v2
	hotswap upgrade web
	is_role 1 parked
	starve clone,clone3 EAGAIN
	crash 2
	until_true grep -q "generation 1: taken back: " run.log
	feed
	until_true is_version v2
}

@test "restart: stop while a start lacks something ends the service" {
	serve --restart-limit 2/60s
	starve clone,clone3 EAGAIN
	crash 1
	until_true refused 4
	hotswap stop web
	wait "$SUPERVISOR"
}

@test "restart: kill -9 while a start lacks something: the successor starts it" {
	serve --restart-limit 2/60s
	starve clone,clone3 EAGAIN
	crash 1
	until_true refused 4
	kill -9 "$(supervisor)"
	until_true is_version v1
}

@test "restart: an upgrade takes over from what could not be started" {
	serve --restart-limit 2/60s --drain-timeout 1s
	starve clone,clone3 EAGAIN
	crash 1
	until_true refused 5
	release server v2
	feed
	hotswap upgrade web
	[ "$(version)" = v2 ]
	until_true is_role 1 retired
}

@test "restart: reexec while a start lacks something: the successor starts it" {
	serve --restart-limit 2/60s
	starve clone,clone3 EAGAIN
	crash 1
	until_true refused 5
	feed
	hotswap reexec web
	until_true is_version v1
}
