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
	supervisor=$(itself)
	prlimit --pid "$supervisor" --nofile=3:
	kill -9 "$(pgrep -P "$supervisor" -x server)"
	until_true grep -q "generation 1: .*Too many open files" run.log
	prlimit --pid "$supervisor" --nofile=1024:
	until_true is_version v1
}
