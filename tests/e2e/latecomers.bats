#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# What a generation binds after it became ready is its own: an FTP server's port
# for a transfer, a debugger's port.

load helper

eval "helper_$(declare -f setup)"

setup() {
	helper_setup
	PORT=$(free_port)
	MORE=$(free_port)
	cat >binder <<-'END'
		#!/usr/bin/python3
		# binder WAIT ADDRESS...: once there is a file of this name, listen
		# there and say "bound"; once that is gone, close it again.
		import os, socket, sys, time
		wait, name = sys.argv[1:3]
		while not os.path.exists(wait):
		    time.sleep(0.02)
		if name.startswith("/"):
		    s = socket.socket(socket.AF_UNIX)
		    s.bind(name)
		else:
		    s = socket.socket()
		    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
		    try:
		        s.bind(("127.0.0.1", int(name)))
		    except OSError as e:
		        print(e.strerror, flush=True)
		        sys.exit()
		s.listen()
		print("bound", flush=True)
		# A check may come that wants to be accepted.
		s.settimeout(0.02)
		while os.path.exists(wait):
		    try:
		        s.accept()[0].close()
		    except OSError:
		        pass
		s.close()
		print("closed", flush=True)
		time.sleep(300)
	END
	chmod 755 binder
	release server v1 --bind "127.0.0.1:$PORT"
}

# with_binder ADDRESS: make ./program, which is ./server with a binder beside
# it.  The binder waits for ./go.N and writes into ./said.N what it does, where
# N is its generation.
with_binder() {
	cat >program <<-END
		#!/bin/sh
		./binder "go.\$HOTSWAP_GENERATION" '$1' >"said.\$HOTSWAP_GENERATION" &
		exec ./server "\$@"
	END
	chmod 755 program
}

# wrap OPTIONS...: run ./program as `web` until it is ready.
wrap() {
	hotswap run -n web --bake 200ms --keep 1m "$@" -- ./program \
		>>run.log 2>&1 3>&- &
	SUPERVISOR=$!
	PIDS+=("$SUPERVISOR")
	until_true hotswap wait web --for ready --timeout 10s 2>/dev/null
	until_true settled
}

# settled: the start and the time of --bake are over.
settled() {
	field_is '.generations[-1].settled' true
}

# saved WORDS: the checkpoint of a running program has these words.
saved() {
	grep -q "$1" run/web.checkpoint.*
}

# own N: print the addresses that are generation N's own.
own() {
	generation "$1" '.own_addresses | join(" ")'
}

own_is() {
	[ "$(own "$1")" = "$2" ]
}

listeners() {
	field '[.listeners[].address] | join(" ")'
}

# ask_more: does a server answer there?
ask_more() {
	(exec 9<>"/dev/tcp/127.0.0.1/$MORE") 2>/dev/null
}

@test "late: a port bound after readiness is shown as its own, and the next one does without" {
	with_binder "$MORE"
	wrap
	touch go.1
	until_true own_is 1 "127.0.0.1:$MORE"
	[ "$(listeners)" = "127.0.0.1:$PORT" ]
	hotswap status web | grep -q "own addresses *127.0.0.1:$MORE"
	load_begin --rate 1000 --kept 8
	release server v2 --bind "127.0.0.1:$PORT"
	hotswap upgrade web
	until_true is_version v2
	# The old one is parked, and its transfer goes on.
	ask_more
	hotswap rollback web
	until_true is_version v1
	ask_more
	load_end
	rm go.1
	until_true own_is 1 ""
	run ! ask_more
}

@test "late: two generations that want the same port are told as by the kernel" {
	with_binder "$MORE"
	wrap
	touch go.1
	until_true own_is 1 "127.0.0.1:$MORE"
	hotswap upgrade web
	until_true settled
	touch go.2
	until_true grep -q "Address already in use" said.2
	ask_more
	rm go.1
	until_true grep -q closed said.1
	run ! ask_more
	own_is 2 ""
}

@test "late: a candidate that starts with such a port is refused, and told whose it is" {
	with_binder "$MORE"
	wrap
	touch go.1
	until_true own_is 1 "127.0.0.1:$MORE"
	release server v2 --bind "127.0.0.1:$MORE" --bind "127.0.0.1:$PORT"
	run -1 hotswap upgrade web
	[[ $output == *"bind 127.0.0.1:$MORE: generation 1 has this address, and bound it after it was ready"* ]]
	[ "$(version)" = v1 ]
	# Once it is closed the next one may have it.
	rm go.1
	until_true grep -q closed said.1
	hotswap upgrade web
	[ "$(listeners)" = "127.0.0.1:$PORT 127.0.0.1:$MORE" ]
}

@test "late: over the supervisor's death and a reexec it stays its own" {
	with_binder "$MORE"
	wrap
	touch go.1
	until_true own_is 1 "127.0.0.1:$MORE"
	until_true saved "addresses.*127.0.0.1:$MORE"
	kill -KILL "$(supervisor)"
	until_true own_is 1 "127.0.0.1:$MORE"
	hotswap reexec web
	until_true own_is 1 "127.0.0.1:$MORE"
	hotswap upgrade web
	[ "$(listeners)" = "127.0.0.1:$PORT" ]
}

@test "late: a Unix socket bound after readiness" {
	with_binder "$PWD/debug.sock"
	wrap
	touch go.1
	until_true own_is 1 "$PWD/debug.sock"
	[ "$(listeners)" = "127.0.0.1:$PORT" ]
	hotswap upgrade web
	rm go.1
	until_true own_is 1 ""
}

@test "late: after a crash the same holds" {
	with_binder "$MORE"
	wrap
	kill -KILL "$(pid_of 1)"
	until_true is_version v1
	until_true settled
	touch go.1
	until_true own_is 1 "127.0.0.1:$MORE"
	hotswap upgrade web
	[ "$(listeners)" = "127.0.0.1:$PORT" ]
}

@test "late: what is bound while the start goes on is the service's, also after READY=1" {
	with_binder "$MORE"
	touch go.1 go.2 go.3
	release server v1 --bind "127.0.0.1:$PORT" --notify
	wrap --ready notify
	until_true grep -q bound said.1
	[ "$(own 1)" = "" ]
	[ "$(field '.listeners | length')" = 2 ]
	hotswap upgrade web
	until_true grep -q bound said.2
	[ "$(field '.listeners | length')" = 2 ]
}

@test "late: what is bound within the bake is shared with the next one, which need not have it" {
	with_binder "$MORE"
	hotswap run -n web --bake 10m --keep 1m -- ./program \
		>>run.log 2>&1 3>&- &
	SUPERVISOR=$!
	PIDS+=("$SUPERVISOR")
	until_true hotswap wait web --for ready --timeout 10s 2>/dev/null
	sleep 0.5 # soon after its last listen(2) its start is not over yet
	touch go.1
	until_true ask_more
	until_true field_is '.listeners | length' 2
	[ "$(own 1)" = "" ]
	# The next one is promoted without it, binds it then, and both have it.
	release server v2 --bind "127.0.0.1:$PORT"
	hotswap upgrade web --bake 0
	is_version v2
	ask_more
	until_true settled
	touch go.2
	until_true grep -q bound said.2
	[ "$(field '.listeners | length')" = 2 ]
	# Over a successor it is the same.
	kill -KILL "$(supervisor)"
	until_true hotswap status web
	hotswap upgrade web --bake 0
	is_version v2
}

@test "late: a socket that goes while it is checked is passed over" {
	local before

	# What is freed is overwritten, mallopt(3).
	export MALLOC_PERTURB_=165
	cat >program <<-END
		#!/bin/sh
		'$BUILD/fixtures/bind_plain' unix-stream bind-unix '$PWD/s.'\$\$ close
		exec ./server
	END
	chmod 755 program
	hotswap run -n web --bake 200ms --health-timeout 1m -- ./program \
		>>run.log 2>&1 3>&- &
	SUPERVISOR=$!
	PIDS+=("$SUPERVISOR")
	until_true hotswap wait web --for ready --timeout 10s 2>/dev/null
	before=$(supervisor)
	hotswap upgrade web
	[ "$(supervisor)" = "$before" ]
	[ "$(listeners)" = "127.0.0.1:$PORT" ]
}

@test "late: a Unix socket that is bound under a name of its own and renamed sets no condition" {
	cat >aside <<-'END'
		#!/usr/bin/python3
		# Binds admin.PID.tmp, renames it to admin, and becomes ./server.
		import os, socket, sys
		s = socket.socket(socket.AF_UNIX)
		name = f"admin.{os.getpid()}.tmp"
		s.bind(name)
		s.listen()
		os.rename(name, "admin")
		if os.fork():
		    os.execv("./server", ["./server"])
		while True:
		    c = s.accept()[0]
		    try:
		        c.send(b"%d\n" % os.getppid())
		    except OSError:
		        pass # who only looks whether it accepts has gone
		    c.close()
	END
	chmod 755 aside
	hotswap run -n web --bake 200ms --start-timeout 60s -- ./aside \
		>>run.log 2>&1 3>&- &
	SUPERVISOR=$!
	PIDS+=("$SUPERVISOR")
	until_true hotswap wait web --for ready --timeout 10s 2>/dev/null
	release server v2 --bind "127.0.0.1:$PORT"
	hotswap upgrade web
	is_version v2
	[ "$(said_at admin)" = "$(pid_of 2)" ]
}

# said_at PATH: print the answer at this path.
said_at() {
	python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
print(s.recv(64).decode(), end="")' "$1"
}
