#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Broken candidates.  Each must be refused with status 1 and a reason that names
# the cause.  No user may reach it, the old generation must not notice it, and
# none of its processes may be left.

load helper

# refused PATTERN [OPTIONS...]: an upgrade to ./server fails, and the reason
# matches; with more time if a busy machine has given another one.
refused() {
	local pattern=$1 active pid ms

	shift
	active=$(field .active)
	pid=$(pid_of "$active")
	for ms in 1500 3000 6000 12000 24000; do
		expect 1 hotswap upgrade web --start-timeout "${ms}ms" \
			--health-timeout "$((ms / 4))ms" \
			--health-interval 100ms "$@" 2>err ||
			{ cat err; return 1; }
		! grep -qE "$pattern" err || break
	done
	grep -qE "$pattern" err || { cat err; return 1; }
	[ "$(field .active)" = "$active" ]
	[ "$(pid_of "$active")" = "$pid" ]
}

# undisturbed: the load got only version 1 and no failure, and the processes of
# the candidate have gone.
undisturbed() {
	load_end
	[ "$(field '[.generations[].version]' load.json)" = '["v1"]' ]
	until_true none_left
}

none_left() {
	hotswap wait web --for drained --timeout 100s
	[ "$(running)" = "$(pid_of 1)" ]
}

# broken PATTERN BEHAVIOUR...: a server with this behaviour is refused.
broken() {
	local pattern=$1

	shift
	serve --health "http://127.0.0.1:$PORT/" --stop-timeout 300ms
	load_begin --rate 500 --kept 4
	release server v2 "$@"
	refused "$pattern"
	undisturbed
}

@test "broken: exits with 0 at once" {
	PORT=$(free_port)
	broken "exited with status 0" --exit 0
}

@test "broken: exits with 1 at once" {
	PORT=$(free_port)
	broken "exited with status 1" --exit 1
}

@test "broken: dies by SIGSEGV" {
	PORT=$(free_port)
	broken "SIGSEGV" --crash
}

@test "broken: hangs before it serves" {
	PORT=$(free_port)
	broken "no answer|not healthy within" --hang-before-serve
}

@test "broken: hangs while its socket is open" {
	PORT=$(free_port)
	broken "no answer|not healthy within" --hang-while-open
}

@test "broken: hangs while its socket is open, seen by the built-in check" {
	serve
	load_begin --rate 500 --kept 4
	release server v2 --hang-while-open
	refused "has not accepted"
	undisturbed
}

@test "broken: answers 500" {
	PORT=$(free_port)
	broken "500" --answer 500
}

@test "broken: answers after ten seconds" {
	PORT=$(free_port)
	broken "no answer|not healthy within" --delay 10000
}

@test "broken: dies during the checks" {
	PORT=$(free_port)
	serve --health "http://127.0.0.1:$PORT/" --health-passes 5
	load_begin --rate 500 --kept 4
	release server v2 --die-after-requests 2
	refused "SIGSEGV|exited"
	undisturbed
}

# dies_after_its_answer: a server that answers one request once there is a file
# `go`, and is killed by that.
dies_after_its_answer() {
	cat >dies.py <<-'EOF'
		import os, socket, sys, time
		own = socket.create_server(("127.0.0.1", int(sys.argv[1])))
		peer = own.accept()[0]
		peer.recv(4096)
		with open("asked.new", "w") as file:
		    file.write(str(os.getpid()))
		os.rename("asked.new", "asked")
		while not os.path.exists("go"):
		    time.sleep(0.01)
		peer.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")
		os._exit(3)
	EOF
}

is_zombie() {
	grep -q '^State:[[:space:]]*Z' "/proc/$1/status"
}

no_child_of() {
	! pgrep -P "$1" >/dev/null
}

# The supervisor is stopped meanwhile: it learns the answer and the end at once.
@test "broken: dies after the answer that makes it healthy, and meets no user" {
	PORT=$(free_port)
	serve --health "http://127.0.0.1:$PORT/" --health-timeout 60s \
		--start-timeout 120s
	until_true field_is '.generations[0].health.last' pass
	dies_after_its_answer
	PROBER=$(prober) SUPERVISOR=$(supervisor)
	hotswap upgrade web -- python3 dies.py "$PORT" 2>err 3>&- &
	UPGRADE=$!
	until_true test -e asked
	kill -STOP "$SUPERVISOR"
	touch go
	until_true is_zombie "$(cat asked)"
	until_true no_child_of "$PROBER"
	kill -CONT "$SUPERVISOR"
	expect 1 wait "$UPGRADE"
	grep -q "exited with status 3" err
	run ! grep "of the new connections" run.log
	is_version v1
}

@test "broken: dies in the bake, and the old one serves all again" {
	PORT=$(free_port)
	serve --bake 10s
	release server v2 --die-after-requests 5
	hotswap upgrade web 2>err 3>&- &
	until_true grep -q "gets 100 %" err
	until_true is_version v1
	expect 1 wait $!
	grep -qE "SIGSEGV|exited" err
	until_true none_left
}

@test "broken: ignores SIGTERM" {
	PORT=$(free_port)
	broken "500" --ignore-sigterm --answer 500
}

@test "broken: leaves grandchildren in sessions of their own" {
	PORT=$(free_port)
	broken "500" --fork-grandchildren 3 --answer 500
}

@test "broken: closes the socket that it was passed" {
	PORT=$(free_port)
	broken "no answer|not healthy|refused|not accepted" --close-passed
}

@test "broken: the file is missing" {
	serve
	load_begin --rate 500
	rm server
	refused "/server does not exist"
	undisturbed
}

@test "broken: it is a directory" {
	serve
	rm server
	mkdir server
	refused "directory"
}

@test "broken: it is not executable" {
	serve
	chmod 644 server
	refused "not executable"
}

@test "broken: an ELF file for another machine" {
	serve
	# e_machine is two bytes at offset 18; 183 is AArch64.
	cp server other
	printf '\267\000' | dd of=other bs=1 seek=18 conv=notrunc 2>dd.err
	chmod 755 other
	mv other server
	refused "aarch64.*x86_64|another machine"
}

@test "broken: a text without #!" {
	serve
	echo 'echo hello' >text
	chmod 755 text
	mv text server
	refused '#!'
}

@test "broken: its interpreter is missing" {
	serve
	printf '#!/no/such/interpreter\n' >script
	chmod 755 script
	mv script server
	refused "/no/such/interpreter"
}

@test "broken: it is being written to" {
	serve
	release server v2
	exec 9>>server
	refused "open for writing|being written|Text file busy"
	exec 9>&-
}

@test "broken: its file does not answer" {
	local tracer

	serve
	load_begin --rate 500
	release server v2
	strace -f -qq -o /dev/null -P "$PWD/server" -e trace=openat \
		-e inject=openat:delay_enter=600000000 -p "$(supervisor)" \
		2>/dev/null 3>&- &
	tracer=$!
	PIDS+=("$tracer")
	until_true grep -q "TracerPid:	$tracer" "/proc/$(supervisor)/status"
	refused "server could not be prepared: .* does not get on"
	kill "$tracer"
	wait "$tracer" || true
	undisturbed
	hotswap upgrade web
	is_version v2
}
