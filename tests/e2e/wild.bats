#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Servers as people run them, whose sockets are unlike those of most: under
# hotswap their calls do what they do without.

load helper

# odd WORD SOCKET...: an unmodified server at these sockets, which answers with
# the word.
odd() {
	mkdir -p "$1.d"
	echo "$1" >"$1.d/word"
	ODD=("$BUILD/fixtures/odd_server" "$1.d/word" "${@:2}")
}

# start OPTIONS...: run the odd server as `web` in the background; COMMAND is
# what runs it, as nsenter.
start() {
	"${COMMAND[@]}" hotswap run -n web --bake 100ms --keep 1m \
		--start-timeout 60s --restart-limit 2/60s "$@" -- "${ODD[@]}" \
		>>run.log 2>&1 3>&- &
	PIDS+=("$!")
}

# begin OPTIONS...: the same until it is ready.
begin() {
	start "$@"
	until_true hotswap wait web --for ready --timeout 10s 2>/dev/null
}

# begins_in_vain: it does not come up, and ends with the program's status.
begins_in_vain() {
	start
	expect 1 wait "$!"
}

# get URL...: what it answers.
get() {
	"${COMMAND[@]}" curl -s -m 5 "$@"
}

# addresses: those of the service's listeners, sorted.
addresses() {
	field '[.listeners[].address] | sort | join(" ")'
}

# a_network: give the test a network of its own with a device `odd0`; COMMAND
# enters it.
a_network() {
	[ "$(id -u)" = 0 ] || skip "needs root, for a network of its own"
	unshare --net sleep 600 3>&- &
	PIDS+=("$!")
	COMMAND=(nsenter --target "$!" --net)
	until_true is_apart "$!"
	"${COMMAND[@]}" ip link set lo up
	"${COMMAND[@]}" ip link add odd0 type veth peer name odd1
	"${COMMAND[@]}" ip link set odd0 up
}

is_apart() {
	[ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ]
}

# to_and_fro SOCKET...: an upgrade and a rollback; the last socket answers.
to_and_fro() {
	odd v2 "$@"
	hotswap upgrade web -- "${ODD[@]}"
	[ "$(get "$URL")" = "v2 $#" ]
	hotswap rollback web
	[ "$(get "$URL")" = "v1 $#" ]
}

# succeeded PID: another supervisor than this answers.
succeeded() {
	local pid

	pid=$(supervisor) && [ "$pid" != "$1" ]
}

@test "wild: one port on two devices is two listeners" {
	a_network
	PORT=$(free_port)
	sockets=("tcp:0.0.0.0:$PORT,device=odd0" "tcp:0.0.0.0:$PORT,device=lo")
	URL=http://127.0.0.1:$PORT/
	odd v1 "${sockets[@]}"
	begin
	[ "$(addresses)" = "0.0.0.0%lo:$PORT 0.0.0.0%odd0:$PORT" ]
	to_and_fro "${sockets[@]}"
	# A supervisor that comes after it knows both.
	before=$(supervisor)
	kill -KILL "$before"
	until_true succeeded "$before"
	[ "$(addresses)" = "0.0.0.0%lo:$PORT 0.0.0.0%odd0:$PORT" ]
	hotswap upgrade web -- "${ODD[@]}"
	[ "$(get "$URL")" = "v2 2" ]
}

@test "wild: a port is free on one device while another program has it on another" {
	a_network
	PORT=$(free_port)
	odd other "tcp:0.0.0.0:$PORT,device=odd0"
	"${COMMAND[@]}" "${ODD[@]}" >other.out 2>&1 3>&- &
	PIDS+=("$!")
	until_true grep -q listening other.out
	URL=http://127.0.0.1:$PORT/
	odd v1 "tcp:0.0.0.0:$PORT,device=lo"
	begin
	to_and_fro "tcp:0.0.0.0:$PORT,device=lo"
}

@test "wild: --listen names a device" {
	a_network
	PORT=$(free_port)
	"${COMMAND[@]}" hotswap run -n web -l "0.0.0.0%lo:$PORT" --bake 100ms \
		-- ./server >>run.log 2>&1 3>&- &
	PIDS+=("$!")
	until_true hotswap wait web --for ready --timeout 10s 2>/dev/null
	[ "$(addresses)" = "0.0.0.0%lo:$PORT" ]
	# The address is free on the other device.
	odd v1 "tcp:0.0.0.0:$PORT,device=odd0"
	"${COMMAND[@]}" "${ODD[@]}" >other.out 2>&1 3>&- &
	PIDS+=("$!")
	until_true grep -q listening other.out
	hotswap upgrade web
	get -f "http://127.0.0.1:$PORT/"
}

# not_there OPTION: a server at an address that the machine does not have.
not_there() {
	local port

	PORT=$(free_port)
	port=$(free_port)
	URL=http://127.0.0.1:$PORT/
	odd v1 "tcp:203.0.113.5:$port,$1" "tcp:127.0.0.1:$PORT"
	begin
	to_and_fro "tcp:203.0.113.5:$port,$1" "tcp:127.0.0.1:$PORT"
}

@test "wild: IP_FREEBIND: an address that is not there yet" {
	not_there freebind
}

@test "wild: IP_TRANSPARENT: an address that is not there" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	not_there transparent
}

# mptcp SHIM
mptcp() {
	[ "$(cat /proc/sys/net/mptcp/enabled 2>/dev/null)" = 1 ] ||
		skip "the kernel has no MPTCP"
	PORT=$(free_port)
	URL=http://127.0.0.1:$PORT/
	odd v1 "tcp:127.0.0.1:$PORT,mptcp"
	begin --shim "$1"
	to_and_fro "tcp:127.0.0.1:$PORT,mptcp"
}

@test "wild: a server that asks for MPTCP is upgraded, seccomp" {
	mptcp seccomp
}

@test "wild: a server that asks for MPTCP is upgraded, preload" {
	mptcp preload
}

# get_path: what answers at ./sock.
get_path() {
	curl -s -m 5 --unix-socket sock http://unix/
}

answers_at_path() {
	[ "$(get_path)" = "$1" ]
}

# asks SHIM OPTIONS...: a server that does not start where somebody serves its
# path starts in an upgrade, goes back, and is started again after a crash.
asks() {
	odd v1 unix:sock,ask
	begin --shim "$@"
	[ "$(get_path)" = "v1 1" ]
	odd v2 unix:sock,ask
	hotswap upgrade web -- "${ODD[@]}"
	[ "$(get_path)" = "v2 1" ]
	pid=$(field 'first(.generations[] | select(.role == "active")).pid')
	kill -KILL "$pid"
	until_true answers_at_path "v2 1"
	# The users' path is no other than before: the second one asks in vain.
	run "$BUILD/fixtures/odd_server" v1.d/word unix:sock,ask
	[ "$status" = 1 ]
	[[ "$output" = *"another server is at sock"* ]]
}

@test "wild: a server asks whether its Unix path is served: upgrade and crash, seccomp" {
	asks seccomp
}

@test "wild: a server asks whether its Unix path is served: upgrade and crash, preload" {
	asks preload
}

@test "wild: a server asks whether its Unix path is served: --strategy exclusive" {
	asks seccomp --strategy exclusive --drain-timeout 1s
}

# scans SHIM: the same of a server that asks at each socket in its directory, and
# so finds the private names.
scans() {
	mkdir in
	odd v1 unix:in/sock,scan
	begin --shim "$1"
	odd v2 unix:in/sock,scan
	hotswap upgrade web -- "${ODD[@]}"
	kill -KILL "$(field 'first(.generations[] | select(.role == "active")).pid')"
	until_true scans_answers
	hotswap rollback web
	[ "$(curl -s -m 5 --unix-socket in/sock http://unix/)" = "v1 1" ]
}

scans_answers() {
	[ "$(curl -s -m 5 --unix-socket in/sock http://unix/)" = "v2 1" ]
}

@test "wild: a server asks whether any socket in its directory is served, seccomp" {
	scans seccomp
}

@test "wild: a server asks whether any socket in its directory is served, preload" {
	scans preload
}

@test "wild: a server of two paths asks about the second after it has bound the first" {
	odd v1 unix:first,ask unix:sock,ask
	# On a busy machine the second comes late: within --bake all the same.
	begin --bake 3s
	odd v2 unix:first,ask unix:sock,ask
	hotswap upgrade web -- "${ODD[@]}"
	[ "$(get_path)" = "v2 2" ]
}

# asks_late SHIM: the older generation has bound one path, and binds the other
# once the newer one has been found to serve all there is.
asks_late() {
	cat >two.py <<-'EOF'
		import os, socket, sys, time

		word = sys.argv[1]

		def ask(path):
		    try:
		        socket.socket(socket.AF_UNIX).connect(path)
		        return "served"
		    except OSError as error:
		        return error.strerror

		def serve(path):
		    if os.path.exists(path):
		        os.unlink(path)
		    own = socket.socket(socket.AF_UNIX)
		    own.bind(path)
		    own.listen()
		    return own

		def wait_for(name):
		    while not os.path.exists(name):
		        ask("nobody")
		        time.sleep(0.005)

		first = serve("first")
		wait_for("go-" + word)
		print(word, "asks:", ask("second"), flush=True)
		second = serve("second")
		open("done-" + word, "w").close()
		while True:
		    first.accept()[0].close()
	EOF
	ODD=(python3 "$PWD/two.py" v1)
	# An address that is bound in the time of --bake is the service's.
	begin --shim "$1" --health exec:true --bake 10m
	hotswap upgrade web --health "exec:test -e $PWD/done-v2" \
		--health-interval 20ms --health-failures 100000 \
		--start-timeout 100s -- python3 "$PWD/two.py" v2 2>err 3>&- &
	PIDS+=("$!")
	until_true grep -q "generation 2: ready" run.log
	touch go-v1
	until_true test -e done-v1
	touch go-v2
	until_true test -e done-v2
	until_true grep -q "v2 asks: Connection refused" run.log
}

@test "wild: a server asks about a path that the older one has bound meanwhile, seccomp" {
	asks_late seccomp
}

@test "wild: a server asks about a path that the older one has bound meanwhile, preload" {
	asks_late preload
}

@test "wild: a program reaches a path of the service that a process of its own serves" {
	# The server asks in vain, as its own first socket serves the path.
	odd v1 unix:sock unix:sock,ask
	begins_in_vain
	odd v1 unix:sock
	begin
	odd v2 unix:sock unix:sock,ask
	expect 1 hotswap upgrade web -- "${ODD[@]}"
	[ "$(grep -c "another server is at sock" run.log)" = 2 ]
	[ "$(get_path)" = "v1 1" ]
}

@test "wild: a program that was passed a Unix socket reaches itself by its path" {
	hotswap run -n web -l "$PWD/sock" --bake 100ms --keep 1m -- ./server \
		>>run.log 2>&1 3>&- &
	PIDS+=("$!")
	until_true hotswap wait web --for ready --timeout 10s 2>/dev/null
	# A shell that keeps the passed socket open, with a client below it.
	cat >reaches.sh <<-EOF
		#!/bin/sh
		curl -s -m 5 --unix-socket "$PWD/sock" http://unix/ >reached ||
			exit 1
		exec ./server
	EOF
	chmod 755 reaches.sh
	hotswap upgrade web -- ./reaches.sh
	[ -s reached ]
}

# greeted CLIENTS ADDRESS: each of so many new clients at this address is answered
# three times as it should.  They pause for longer than hotswap waits until it
# looks whether a socket is connected.
greeted() {
	[ "$("$BUILD/fixtures/udp_sessions" ask "$PORT" "$1" 3 500 "$2")" = \
		$(($1 * 3)) ]
}

# sessions OPTION MS CLIENTS: each client of a UDP server has a socket of its own
# there, and what one client says reaches no other's.  The server computes for
# so long before it connects the socket to its client.
sessions() {
	[ "$(id -u)" = 0 ] || skip "needs root, for eBPF"
	PORT=$(free_port)
	ODD=("$BUILD/fixtures/udp_sessions" serve "$PORT" "$1" "$2")
	begin
	greeted "$3" 127.0.0.1
	hotswap upgrade web
	greeted "$3" 127.0.0.2 # else one could be taken for a client of before
}

@test "wild: a connected UDP socket for each client, SO_REUSEADDR" {
	sessions reuseaddr 0 16
}

@test "wild: a connected UDP socket for each client, SO_REUSEPORT" {
	sessions reuseport 0 16
}

@test "wild: a UDP socket for a client that its busy server connects late" {
	sessions reuseport 300 10
}

# The server binds a socket for the client that a check is, in each check.
@test "wild: a check that is a client of a UDP server with a socket for each client" {
	[ "$(id -u)" = 0 ] || skip "needs root, for eBPF"
	PORT=$(free_port)
	ODD=("$BUILD/fixtures/udp_sessions" serve "$PORT" reuseport 0)
	cat >check <<-EOF
		#!/bin/sh
		[ "\$("$BUILD/fixtures/udp_sessions" ask "$PORT" 1 1 0 \
			"\${HOTSWAP_PROBE_SOURCE%:*}")" = 1 ]
	EOF
	chmod 755 check
	begin --health "exec:$PWD/check"
	hotswap upgrade web
	greeted 4 127.0.0.2
}

# answers TEXT: URL does so.
answers() {
	[ "$(get "$URL")" = "$1" ]
}

@test "wild: a socket that the program has closed is in nobody's way" {
	PORT=$(free_port)
	URL=http://127.0.0.1:$PORT/
	sockets=("any:$PORT,closed" "tcp:127.0.0.1:$PORT,closed"
		"any:$PORT,closed" "tcp:127.0.0.1:$PORT")
	odd v1 "${sockets[@]}"
	begin
	until_true answers "v1 4"
	[ "$(addresses)" = "127.0.0.1:$PORT" ]
	# Nor is what the supervisor keeps for the program that is started again.
	kill -KILL "$(pid_of 1)"
	until_true answers "v1 4"
}

@test "wild: a socket that the program still has is in the way" {
	PORT=$(free_port)
	odd v1 "any:$PORT" "tcp:127.0.0.1:$PORT"
	begins_in_vain
	grep -q "bind tcp:127.0.0.1: Address already in use" run.log
}
