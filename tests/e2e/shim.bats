#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
#
# Servers that know nothing of hotswap, as they are installed: their own sockets
# are upgraded, rolled back and kept over a crash.

load helper

eval "helper_$(declare -f teardown)"

# nginx_config VERSION [LISTEN...]: write the configuration of an nginx of this
# version.
nginx_config() {
	local version=$1 address

	shift
	mkdir -p tmp
	{
		echo "daemon off; pid nginx.pid; worker_processes 2;"
		echo "error_log stderr; events {} http { access_log off;"
		for path in client_body proxy fastcgi uwsgi scgi; do
			echo "${path}_temp_path tmp;"
		done
		echo "server {"
		for address in "${@:-127.0.0.1:$PORT}"; do
			echo "listen $address;"
		done
		echo "location / { add_header X-Version $version;"
		printf '%s\n' "return 200 \"$version\n\"; } } }"
	} >nginx.conf.new
	mv nginx.conf.new nginx.conf
}

# wrap OPTIONS... -- PROGRAM...: run the program as `web` until it is ready.
wrap() {
	hotswap run -n web --bake 200ms --keep 1m "$@" >>run.log 2>&1 3>&- &
	SUPERVISOR=$!
	PIDS+=("$SUPERVISOR")
	until_true hotswap wait web --for ready --timeout 10s 2>/dev/null
}

# wrap_nginx OPTIONS...
wrap_nginx() {
	PORT=${PORT:-$(free_port)}
	nginx_config v1
	wrap "$@" -- /usr/sbin/nginx -p "$BATS_TEST_TMPDIR" -e stderr \
		-c nginx.conf
}

# The server's own process group may outlive a supervisor that is killed.
teardown() {
	hotswap stop web --now 2>/dev/null || true
	helper_teardown
}

# wrap_plain WORD OPTIONS... -- ADDRESS...: run the plain server, which answers
# with the word that is in the file `word` when it starts.
wrap_plain() {
	local options=() word=$1

	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	echo "$word" >word
	wrap "${options[@]}" -- "$BUILD/fixtures/plain" serve word "$@"
}

# privileged_port: set PORT to one on which nobody listens.
privileged_port() {
	for PORT in $(seq 600 1000); do
		[ -n "$(ss -Hlntu "sport = :$PORT")" ] || return 0
	done
	return 1
}

# ask N ADDRESS: print the words that N clients get, and how often.
ask() {
	"$BUILD/fixtures/plain" ask "$@"
}

as_user() {
	setpriv --reuid=65534 --regid=65534 --clear-groups \
		env "PATH=$PATH" "HOME=$PWD" "$@"
}

# says WORD ADDRESS
says() {
	[ "$(ask 1 "$2")" = "1 $1" ]
}

# restarted N TIMES: generation N was started again this often.
restarted() {
	[ "$(generation "$1" .restarts)" = "$2" ]
}

# swap: make an upgrade and a rollback under load; no request fails.
swap() {
	load_begin --rate 1000 --kept 8
	nginx_config v2
	hotswap upgrade web
	until_true is_version v2
	hotswap rollback web
	until_true is_version v1
	load_end
}

# crash N: kill generation N under load.  Only connections that the killed
# process had accepted may fail, and never by a refusal, a hang or a wrong
# answer; on a busy machine these are the connections of a tenth of a second.
crash() {
	load_begin --rate 150
	kill -KILL "$(pid_of "$1")"
	until_true restarted "$1" 1
	until_true is_version v2
	echo stop >steer
	wait "$CLIENT" || true
	[ "$(field '[.refused, .timed_out, .wrong, .reset + .truncated < 20]' load.json)" = '[0,0,0,true]' ] || {
		cat load.json
		return 1
	}
}

@test "wrapped: nginx is upgraded and rolled back, and no request fails (seccomp)" {
	wrap_nginx --shim seccomp
	swap
}

@test "wrapped: nginx is upgraded and rolled back, and no request fails (preload)" {
	wrap_nginx --shim preload
	swap
}

@test "wrapped: a killed server is started again with its queue (seccomp)" {
	wrap_nginx --shim seccomp
	nginx_config v2
	crash 1
}

@test "wrapped: a killed server is started again with its queue (preload)" {
	wrap_nginx --shim preload
	nginx_config v2
	crash 1
}

@test "wrapped: a daemon that overwrites its environment is followed" {
	PORT=$(free_port)
	nginx_config v1
	sed -i 's/daemon off;//' nginx.conf
	wrap -- /usr/sbin/nginx -p "$BATS_TEST_TMPDIR" -e stderr -c nginx.conf
	is_version v1
	nginx_config v2
	sed -i 's/daemon off;//' nginx.conf
	hotswap upgrade web
	is_version v2
}

# is_state STATE: the rollout has this state.
is_state() {
	[ "$(field .rollout.state)" = "$1" ]
}

# all_good N ADDRESS: N answers come from the first version.
all_good() {
	local answers

	answers=$(ask "$1" "$2")
	[ "$answers" = "$1 good" ] || {
		echo "answers: $answers"
		return 1
	}
}

# unchecked ADDRESS: a candidate that is never found healthy answers at once; no
# client reaches it meanwhile, and the next candidate serves.
unchecked() {
	local n=${UNCHECKED:-1000}

	# shellcheck disable=SC2016 # for the shell that checks
	wrap_plain good --health 'exec:[ "$HOTSWAP_GENERATION" != 2 ]' \
		--health-interval 10ms --health-failures 1000000 \
		--start-timeout 5m -- "$1"
	echo bad >word
	hotswap upgrade web --no-wait
	until_true is_state checking
	for _ in $(seq 20); do
		all_good "$n" "$1"
	done
	is_state checking
	hotswap abort web
	all_good "$n" "$1"
	echo next >word
	hotswap upgrade web
	# Thousands have asked: a UDP client may get a port that was used just
	# now, and is the same flow then.
	until_true says next "$1"
}

@test "wrapped: no user meets an unchecked candidate (IPv4)" {
	unchecked "tcp:127.0.0.1:$(free_port)"
}

@test "wrapped: no user meets an unchecked candidate (IPv6)" {
	unchecked "v6:::1:$(free_port)"
}

@test "wrapped: no user meets an unchecked candidate (dual-stack)" {
	unchecked "tcp::::$(free_port)"
}

@test "wrapped: no user meets an unchecked candidate (Unix)" {
	unchecked "unix:$BATS_TEST_TMPDIR/plain.sock"
}

@test "wrapped: no user meets an unchecked candidate (UDP)" {
	unchecked "udp:127.0.0.1:$(free_port)"
}

# refused_elsewhere: it is refused, and had the time to listen.
refused_elsewhere() {
	expect 1 hotswap upgrade web --start-timeout 1s -- \
		"$BUILD/fixtures/plain" serve word "tcp:127.0.0.1:$other" 2>err &&
		grep -q "listens on 127.0.0.1:$other; the active generation has 127.0.0.1:$one" err
}

@test "wrapped: a candidate that listens elsewhere is refused, and it is said where" {
	one=$(free_port) other=$(free_port)
	wrap_plain good -- "tcp:127.0.0.1:$one"
	until_true refused_elsewhere
	says good "tcp:127.0.0.1:$one"
	until_true says errno-111 "tcp:127.0.0.1:$other"
}

@test "wrapped: a candidate that would take connections by a wider address is refused" {
	PORT=$(free_port)
	wrap_plain good --start-timeout 20s -- "tcp:127.0.0.1:$PORT"
	echo bad >word
	for address in "tcp:0.0.0.0:$PORT" "tcp::::$PORT"; do
		expect 1 hotswap upgrade web -- "$BUILD/fixtures/plain" \
			serve word "$address" 2>err
		grep -q "would take connections from 127.0.0.1:$PORT" err
	done
	[ "$(ask 200 "tcp:127.0.0.1:$PORT")" = "200 good" ]
}

@test "wrapped: an address that an upgrade adds becomes a listener" {
	one=$(free_port) other=$(free_port)
	wrap_plain one -- "tcp:127.0.0.1:$one"
	echo two >word
	hotswap upgrade web -- "$BUILD/fixtures/plain" serve word \
		"tcp:127.0.0.1:$one" "tcp:127.0.0.1:$other"
	says two "tcp:127.0.0.1:$other"
	[ "$(field '.listeners | length')" = 2 ]
	hotswap rollback web
	says one "tcp:127.0.0.1:$one"
}

@test "wrapped: with --listen too, the program's own socket is the one that serves" {
	PORT=$(free_port)
	wrap_plain one --listen "127.0.0.1:$PORT" -- "tcp:127.0.0.1:$PORT"
	[ "$(ask 100 "tcp:127.0.0.1:$PORT")" = "100 one" ]
	echo two >word
	hotswap upgrade web
	[ "$(ask 100 "tcp:127.0.0.1:$PORT")" = "100 two" ]
}

@test "wrapped: a killed worker's socket is no hole, and goes to the next worker" {
	PORT=$(free_port)
	wrap_plain one -- workers=4 "tcp:127.0.0.1:$PORT"
	until_true says one "tcp:127.0.0.1:$PORT"
	for _ in 1 2 3; do
		worker=$(field '.generations[0].pids[-1]')
		kill -KILL "$worker"
		[ "$(ask 200 "tcp:127.0.0.1:$PORT")" = "200 one" ]
	done
	# One that ends for good takes along what it had not accepted.
	kill -TERM "$(field '.generations[0].pids[-1]')"
	ask 200 "tcp:127.0.0.1:$PORT"
	[ "$(ask 200 "tcp:127.0.0.1:$PORT")" = "200 one" ]
}

@test "wrapped: a server that closes and binds again on a signal goes on" {
	PORT=$(free_port)
	wrap_plain one -- "tcp:127.0.0.1:$PORT" "udp:127.0.0.1:$PORT" \
		"unix:$BATS_TEST_TMPDIR/plain.sock"
	for _ in 1 2 3; do
		hotswap signal web HUP
		says one "tcp:127.0.0.1:$PORT"
		says one "udp:127.0.0.1:$PORT"
		says one "unix:$BATS_TEST_TMPDIR/plain.sock"
	done
	echo two >word
	hotswap upgrade web
	says two "udp:127.0.0.1:$PORT"
}

@test "wrapped: what --ignore names is left alone" {
	one=$(free_port) other=$(free_port)
	wrap_plain one --ignore "$other" -- "tcp:127.0.0.1:$one" \
		"tcp:127.0.0.1:$other"
	says one "tcp:127.0.0.1:$other"
	[ "$(field '[.listeners[].address]')" = "[\"127.0.0.1:$one\"]" ]
}

@test "wrapped: an unprivileged program gets a privileged port that was declared" {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	privileged_port
	wrap_plain one --user nobody -l "127.0.0.1:$PORT" -- "tcp:127.0.0.1:$PORT"
	says one "tcp:127.0.0.1:$PORT"
	echo two >word
	hotswap upgrade web
	says two "tcp:127.0.0.1:$PORT"
}

@test "wrapped: an unprivileged program gets no privileged port that was not declared" {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	privileged_port
	echo one >word
	for protocol in "" udp:; do
		expect 1 hotswap start -n web --user nobody --restart never -- \
			"$BUILD/fixtures/plain" serve word \
			"${protocol:-tcp:}127.0.0.1:$PORT" 2>said
		grep -qF "; --listen ${protocol}127.0.0.1:$PORT" said
		[ -z "$(ss -Hlntu "sport = :$PORT")" ]
	done
	# Who may have the port by itself needs no declaration.
	wrap_plain one -- "tcp:127.0.0.1:$PORT"
	says one "tcp:127.0.0.1:$PORT"
}

@test "wrapped: an ordinary user can do all of it (seccomp and preload)" {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	cd "$(mktemp -d)"
	chmod 777 .
	cp "$BUILD/fixtures/plain" .
	PORT=$(free_port)
	echo one >word
	for shim in seccomp preload; do
		export HOTSWAP_RUNTIME_DIR=$PWD/run-$shim HOTSWAP_STATE_DIR=$PWD/state-$shim
		as_user hotswap start -n web --shim "$shim" --bake 0 -- \
			./plain serve word "tcp:127.0.0.1:$PORT" 3>&-
		says one "tcp:127.0.0.1:$PORT"
		echo two >word
		as_user hotswap upgrade web
		says two "tcp:127.0.0.1:$PORT"
		as_user hotswap stop web --now
		echo one >word
	done
	rm -r "$PWD"
}

# holds_a_check: a check waits for an answer; nobody may look into it, nor into
# the prober.
holds_a_check() {
	checks_under_way >/dev/null
}

@test "wrapped: an ordinary user's program binds again while a check is under way" {
	local health

	[ "$(id -u)" = 0 ] || skip "becomes another user"
	chmod 777 .
	cp "$BUILD/fixtures/plain" .
	PORT=$(free_port)
	health=$(free_port)
	echo one >word
	./server --bind "127.0.0.1:$health" 3>&- &
	PIDS+=("$!")
	HOTSWAP_RUNTIME_DIR=$PWD/own HOTSWAP_STATE_DIR=$PWD/theirs
	as_user hotswap start -n web --shim seccomp --bake 0 \
		--health "http://127.0.0.1:$health/" --health-interval 100ms \
		--health-timeout 1m -- \
		./plain serve word "tcp:127.0.0.1:$PORT" 3>&-
	says one "tcp:127.0.0.1:$PORT"
	kill -STOP "${PIDS[-1]}"
	until_true holds_a_check
	MAIN=$(pid_of 1)
	for _ in 1 2 3; do
		kill -HUP "$MAIN"
		until_true says one "tcp:127.0.0.1:$PORT"
	done
	holds_a_check
	[ "$(pid_of 1)" = "$MAIN" ]
	[ "$(generation 1 .restarts)" = 0 ]
	as_user hotswap stop web --now
}

@test "wrapped: an ordinary user's program binds again while a deputy still ends" {
	local main

	[ "$(id -u)" = 0 ] || skip "becomes another user"
	chmod 777 .
	cp "$BUILD/fixtures/plain" .
	echo one >word
	HOTSWAP_RUNTIME_DIR=$PWD/own HOTSWAP_STATE_DIR=$PWD/theirs
	as_user hotswap start -n web --shim seccomp --bake 0 -- \
		./plain serve word "unix:$PWD/sock" 3>&-
	says one "unix:$PWD/sock"
	main=$(pid_of 1)
	# A deputy answers, and then it takes two seconds to end.
	strace -f -p "$(supervisor)" -o trace -e trace=exit_group \
		-e inject=exit_group:delay_enter=2000000 2>strace.log 3>&- &
	PIDS+=("$!")
	until_true grep -q attached strace.log
	for _ in 1 2 3; do
		kill -HUP "$main"
		until_true says one "unix:$PWD/sock"
	done
	grep -q exit_group trace
	[ "$(pid_of 1)" = "$main" ]
	[ "$(generation 1 .restarts)" = 0 ]
	kill "${PIDS[-1]}"
	as_user hotswap stop web --now
}

@test "wrapped: where preload's socket has too long a path, auto takes seccomp and says why" {
	[ "$(id -u)" = 0 ] || skip "becomes another user"
	chmod 777 .
	cp "$BUILD/fixtures/plain" .
	PORT=$(free_port)
	echo one >word
	HOTSWAP_RUNTIME_DIR=$PWD/$(printf 'long%.0s' {1..30})
	HOTSWAP_STATE_DIR=$PWD/theirs
	as_user hotswap start -n web --bake 0 -- \
		./plain serve word "tcp:127.0.0.1:$PORT" 3>&-
	says one "tcp:127.0.0.1:$PORT"
	[ "$(generation 1 .shim)" = seccomp ]
	grep -q 'preload is not taken, as the path of its socket is longer' \
		theirs/web/log
	echo two >word
	as_user hotswap upgrade web
	says two "tcp:127.0.0.1:$PORT"
	as_user hotswap stop web --now
}

@test "wrapped: below another supervisor's filter the library is taken" {
	PORT=$(free_port)
	echo one >word
	hotswap run -n outer --shim seccomp --ready 0 -- hotswap run -n web -- \
		"$BUILD/fixtures/plain" serve word "tcp:127.0.0.1:$PORT" \
		>>run.log 2>&1 3>&- &
	PIDS+=("$!")
	until_true hotswap wait web --for ready --timeout 10s 2>/dev/null
	says one "tcp:127.0.0.1:$PORT"
	[ "$(field '.generations[0].shim')" = preload ]
	hotswap stop outer --now
}

# has_processes N: generation 1 has N processes.
has_processes() {
	[ "$(field '.generations[0].pids | length')" = "$1" ]
}

# all_answer: as many connections are answered as would show a socket without a
# server.
all_answer() {
	for _ in $(seq 30); do
		curl -s -m 1 -o /dev/null "http://127.0.0.1:$PORT/" || return 1
	done
}

@test "wrapped: a socket that a reload leaves behind is no hole" {
	PORT=$(free_port)
	nginx_config v1 "127.0.0.1:$PORT reuseport"
	sed -i 's/worker_processes 2/worker_processes 4/' nginx.conf
	wrap -- /usr/sbin/nginx -p "$BATS_TEST_TMPDIR" -e stderr -c nginx.conf
	until_true all_answer
	sed -i 's/worker_processes 4/worker_processes 1/' nginx.conf
	hotswap signal web HUP
	until_true has_processes 2
	until_true all_answer
}

@test "wrapped: a short backlog of the server's own becomes --backlog, a longer one stays" {
	PORT=$(free_port)
	wrap --backlog 64 -- python3 -m http.server -b 127.0.0.1 "$PORT"
	[ "$(ss -ltnH "sport = :$PORT" | awk '{ print $3 }')" = 64 ]
	hotswap stop web
	until_true test ! -e run/web.sock
	wrap --backlog 2 -- python3 -m http.server -b 127.0.0.1 "$PORT"
	[ "$(ss -ltnH "sport = :$PORT" | awk '{ print $3 }')" = 5 ]
}

@test "wrapped: a bind in another network namespace is refused, and the host's port is left alone" {
	unshare -n true 2>/dev/null || skip "takes a network namespace"
	PORT=$(free_port)
	release server v1 --bind "127.0.0.1:$PORT"
	run ! hotswap start -n web --start-timeout 5s -- \
		unshare -n sh -c 'ip link set lo up; exec ./server'
	[[ $output == *"is in another network namespace than hotswap"* ]]
	[[ $output == *"ip netns exec"* ]]
	[ -z "$(ss -Hltn "sport = :$PORT")" ]
	# With hotswap inside all is as it should be, and so is what it ignores.
	unshare -n sh -c "ip link set lo up; hotswap start -n web -- ./server &&
		curl -sf -o /dev/null http://127.0.0.1:$PORT/ &&
		hotswap upgrade web && hotswap stop web"
}

@test "wrapped: what a main process leaves behind is ended, also right after kill -9 of the supervisor" {
	local before main workers worker

	PORT=$(free_port)
	nginx_config v1 "127.0.0.1:$PORT"
	wrap -- /usr/sbin/nginx -p "$BATS_TEST_TMPDIR" -e stderr -c nginx.conf
	before=$(supervisor) main=$(pid_of 1)
	workers=$(pgrep -P "$main")
	kill -KILL "$before"
	until_true grep -q "the supervisor was started again" run.log
	# It has not looked at the processes yet: it knows the main one alone.
	kill -KILL "$main"
	for worker in $workers; do
		until_true has_ended "$worker"
	done
	until_true all_answer
}

has_ended() {
	! kill -0 "$1" 2>/dev/null
}

@test "wrapped: kill -9 at each step of a generation's end: it is not taken for one that lives" {
	local step=0 tracer

	PORT=$(free_port)
	release server v1 --bind "127.0.0.1:$PORT"
	wrap --shim seccomp -- ./server
	# A step is a message to the keeper, or to a child that closes or waits.
	# When strace outlives the end of the generation, there are no more
	# steps.
	until [ "$step" -gt 2 ] && kill "$tracer" 2>/dev/null; do
		step=$((step + 1))
		[ "$step" -le 24 ]
		hotswap upgrade web
		rm -f strace.log
		strace -p "$(supervisor)" -o trace -e trace=sendmsg \
			-e "inject=sendmsg:signal=KILL:when=$step" \
			2>strace.log 3>&- &
		tracer=$!
		until_true grep -qs attached strace.log
		kill -WINCH "$SUPERVISOR"
		until_true is_role "$step" retired
	done
	[ "$(grep -c "started again" run.log)" -ge 4 ]
	run -1 grep "every bind and listen" run.log
}

@test "wrapped: a stop right after one of its processes has gone with its sockets ends well" {
	PORT=$(free_port)
	cat >workers <<-'END'
		#!/usr/bin/python3
		# Its worker listens at ports of its own until a file goes.
		import os, socket, sys, threading, time

		def serve(s):
		    while True:
		        s.accept()[0].close()

		def listen(port):
		    s = socket.create_server(("127.0.0.1", int(port)))
		    threading.Thread(target=serve, args=(s,), daemon=True).start()

		main = os.fork() != 0
		while main and not os.path.exists("there"):
		    time.sleep(0.005)
		for port in sys.argv[1:2] if main else sys.argv[2:]:
		    listen(port)
		if not main:
		    open("there", "w").close()
		while main or os.path.exists("there"):
		    time.sleep(0.005)
		os._exit(0)
	END
	chmod 755 workers
	wrap --shim seccomp -- ./workers "$PORT" "$(free_port)" "$(free_port)" \
		"$(free_port)" "$(free_port)"
	rm there
	sleep 0.1
	hotswap stop web --now
	expect 0 wait "$SUPERVISOR"
	run ! grep "ended by itself" run.log
}

@test "shim: an address that overlaps one of --listen is told with the one to give" {
	cat >mapped <<-'PYTHON'
		#!/usr/bin/env python3
		import socket, sys
		s = socket.socket(socket.AF_INET6)
		s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
		s.bind(("::ffff:127.0.0.1", int(sys.argv[1])))
		s.listen()
		while True:
		    c, _ = s.accept()
		    c.recv(4096)
		    c.sendall(b"HTTP/1.1 200 OK\r\nX-Version: v1\r\nContent-Length: 0\r\n\r\n")
		    c.close()
	PYTHON
	chmod 755 mapped
	PORT=$(free_port)
	expect 1 hotswap run -n web -l "127.0.0.1:$PORT" --shim seccomp \
		-- ./mapped "$PORT" 2>err
	grep -qF -- "it overlaps --listen 127.0.0.1:$PORT; --listen [::ffff:127.0.0.1]:$PORT instead" err
	hotswap run -n web -l "[::ffff:127.0.0.1]:$PORT" --shim seccomp \
		-- ./mapped "$PORT" >>run.log 2>&1 3>&- &
	PIDS+=($!)
	until_true is_version v1
}
