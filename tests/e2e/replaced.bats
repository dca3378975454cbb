#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# A program that is started again, or after its predecessor (--strategy
# exclusive), gets the socket in which clients wait instead of its own: what it
# has done with its own one counts all the same.

load helper

# early VERSION: the server that watches its socket before it binds it.
early() {
	[ -e early_epoll ] || cp "$BUILD/fixtures/early_epoll" .
	EARLY=(./early_epoll "$PORT" "$1")
}

# begin OPTIONS...: run it as `web` until it is ready.
begin() {
	PORT=$(free_port)
	early v1
	hotswap run -n web --bake 100ms --keep 1m "$@" -- \
		"${EARLY[@]}" >>run.log 2>&1 3>&- &
	PIDS+=("$!")
	until_true hotswap wait web --for ready --timeout 10s 2>/dev/null
	[ "$(version)" = v1.72.3 ]
}

# answers_always VERSION: each of some clients gets this answer.
answers_always() {
	for _ in 1 2 3 4 5; do
		[ "$(version)" = "$1" ]
	done
}

crashes_and_answers() {
	for _ in 1 2; do
		before=$(pid_of 1)
		kill -KILL "$before"
		until_true started_again
		answers_always v1.72.3
	done
}

started_again() {
	local now

	now=$(pid_of 1) && [ "$now" != 0 ] && [ "$now" != "$before" ]
}

# pid_of GENERATION: its main process.
pid_of() {
	generation "$1" .pid
}

@test "replaced: a server that watched its socket before bind answers after a crash" {
	begin --shim seccomp
	crashes_and_answers
}

@test "replaced: the same with --shim preload" {
	begin --shim preload
	crashes_and_answers
}

@test "replaced: the same with --strategy exclusive" {
	begin --strategy exclusive --drain-timeout 100ms
	early v2
	hotswap upgrade web -- "${EARLY[@]}"
	answers_always v2.72.3
	hotswap rollback web
	answers_always v1.72.3
}

# member VERSION: a server that joins a multicast group before it binds.
member() {
	cat >member.py <<-'EOF'
		import socket, sys
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
		s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
		             socket.inet_aton("239.255.77.7") +
		             socket.inet_aton("127.0.0.1"))
		s.bind(("0.0.0.0", int(sys.argv[1])))
		while True:
		    _, peer = s.recvfrom(100)
		    s.sendto(sys.argv[2].encode(), peer)
	EOF
	MEMBER=("$(command -v python3)" member.py "$PORT" "$1")
}

# asked: what the group answers.
asked() {
	python3 - "$PORT" <<-'EOF'
		import socket, sys
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF,
		             socket.inet_aton("127.0.0.1"))
		s.settimeout(60)
		s.sendto(b"?", ("239.255.77.7", int(sys.argv[1])))
		print(s.recv(100).decode())
	EOF
}

@test "replaced: a member of a multicast group is one under --strategy exclusive" {
	PORT=$(free_port)
	member v1
	hotswap run -n web --bake 100ms --keep 1m --strategy exclusive \
		--drain-timeout 100ms -- "${MEMBER[@]}" >>run.log 2>&1 3>&- &
	PIDS+=("$!")
	until_true hotswap wait web --for ready --timeout 10s 2>/dev/null
	[ "$(asked)" = v1 ]
	member v2
	hotswap upgrade web -- "${MEMBER[@]}"
	[ "$(asked)" = v2 ]
}

# deaf: a server that answers nobody if it is started once there is a file
# `deaf`.
deaf() {
	cat >deaf.sh <<-EOF
		[ -e deaf ] || exec ./server
		exec sleep 600
	EOF
	DEAF=("$(command -v sh)" deaf.sh)
}

restarted_times() {
	[ "$(generation 1 .restarts)" -ge "$1" ]
}

@test "replaced: a program that is started again and answers nobody is not called healthy, and is killed" {
	deaf
	serve --health-timeout 200ms --health-interval 50ms \
		--start-timeout 3s -- "${DEAF[@]}"
	until_true field_is '.generations[0].health.last' pass
	touch deaf
	kill -KILL "$(pid_of 1)"
	until_true field_is '.generations[0].health.last' fail
	# A supervisor that comes after this one goes on.
	kill -KILL "$(supervisor)"
	until_true restarted_times 2
	until_true grep -q "unhealthy since it was started again" run.log
	until_true grep -q "not healthy within 3.0 s of its restart" run.log
}

@test "replaced: a program that answers after its restart is not checked any more" {
	serve --health-interval 50ms
	kill -KILL "$(pid_of 1)"
	until_true restarted_times 1
	until_true is_version v1
	until_true rested
	run ! grep -q "healthy" run.log
}

# rested: no check is made for a while.
rested() {
	local before

	before=$(generation 1 .health.passes)
	sleep 0.3
	[ "$(generation 1 .health.passes)" = "$before" ] && [ "$before" -gt 0 ]
}

@test "replaced: an epoll instance that does not answer stops the supervisor for a moment only" {
	PORT=$(free_port)
	cp "$BUILD/fixtures/hostile_epoll" .
	hotswap run -n web --bake 100ms --keep 1m -- \
		./hostile_epoll "$PORT" >>run.log 2>&1 3>&- &
	PIDS+=("$!")
	until_true hotswap wait web --for ready --timeout 10s 2>/dev/null ||
		{ grep -q userfaultfd run.log && skip "needs userfaultfd(2)"; }
	kill -KILL "$(pid_of 1)"
	until_true restarted_times 1
	# Its bind(2) is answered, without the instance.
	until_true is_version 200
	[ "$(field .supervisor)" = "$(supervisor)" ]
	hotswap upgrade web
	[ "$(version)" = 200 ]
	hotswap stop web --now
}
