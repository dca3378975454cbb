#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Long and idle connections of a generation that drains: --drain-idle, and
# --drain-timeout none.

load helper

# keep IDLE SLOW MS: clients that keep their connections, see kept_clients.py.
keep() {
	python3 "$BATS_TEST_DIRNAME/kept_clients.py" "$PORT" "$@" \
		>seen.json 3>&- &
	CLIENTS=$!
	PIDS+=("$CLIENTS")
	until_true test -e kept
}

# all_ended: no client has a connection any more.
all_ended() {
	until_true are_gone
	cat seen.json
	echo
}

are_gone() {
	! kill -0 "$CLIENTS" 2>/dev/null
}

# says TEXT: an event of the service does.
says() {
	grep -q "$1" run.log
}

@test "drain: idle connections are ended, one with a request under way is not" {
	serve --keep 0 --drain-timeout none --drain-idle 1s
	keep 100 5 4000
	release server v2
	hotswap upgrade web
	until_true field_is '.generations[0].role' retired
	all_ended
	[ "$(field '[.ended, .answered, .broken]' seen.json)" = '[105,5,0]' ]
	says "no connection left; 105 idle ones were ended"
}

@test "drain: without --drain-idle they stay until --drain-timeout" {
	serve --keep 0 --drain-timeout none
	keep 10 0 0
	release server v2
	hotswap upgrade web
	until_true field_is '.generations[0].role' draining
	until_true field_is '.generations[0].idle.connections' 10
	[ "$(field '.generations[0].left_ms')" = null ]
	hotswap status web | grep -q "10, 10 idle for up to"
	release server v3
	hotswap upgrade web
	[ "$(field '.generations[0].idle.connections')" = 10 ]
	[ "$(field '.generations[0].idle.ended')" = 0 ]
}

@test "drain: a supervisor that is killed goes on ending idle connections" {
	serve --keep 0 --drain-timeout none --drain-idle 10s
	keep 50 1 10000
	release server v2
	hotswap upgrade web
	until_true field_is '.generations[0].role' draining
	kill -KILL "$(supervisor)"
	until_true field_is '.generations[0].role' retired
	all_ended
	[ "$(field '[.ended, .answered, .broken]' seen.json)" = '[51,1,0]' ]
}

@test "drain: stop ends idle connections as well, of each of nginx's workers" {
	command -v nginx >/dev/null || skip "nginx is not installed"
	PORT=$(free_port)
	mkdir -p logs
	cat >nginx.conf <<-CONF
		daemon off;
		pid nginx.pid;
		worker_processes 2;
		error_log error.log;
		events { worker_connections 256; }
		http {
		    access_log off;
		    client_body_temp_path body;
		    proxy_temp_path proxy;
		    fastcgi_temp_path fastcgi;
		    uwsgi_temp_path uwsgi;
		    scgi_temp_path scgi;
		    keepalive_timeout 1h;
		    server { listen 127.0.0.1:$PORT; return 200 "hello"; }
		}
	CONF
	serve --drain-timeout none --drain-idle 500ms --stop-signal QUIT -- \
		nginx -p "$PWD" -c nginx.conf -e error.log
	keep 20 0 0
	hotswap stop web
	all_ended
	[ "$(field '[.ended, .broken]' seen.json)" = '[20,0]' ]
	says "no connection left; 20 idle ones were ended"
}

@test "drain: none is a time of --drain-timeout alone" {
	expect 64 hotswap run -n web --keep none -- ./server 2>err
	grep -q "keep.*none.*not a duration" err
}

# in_order PATTERN...: each is on a later line of the trace than the one before.
in_order() {
	local line=0 pattern next

	for pattern; do
		next=$(awk -v after="$line" -v pattern="$pattern" \
			'NR > after && $0 ~ pattern { print NR; exit }' trace)
		[ -n "$next" ] || {
			echo "no $pattern after line $line"
			cat trace
			return 1
		}
		line=$next
	done
}

@test "drain: the kernel has ended its lookups of a hidden socket before the program is told to end" {
	serve --keep 0
	release server v2
	strace -f -p "$(supervisor)" -o trace \
		-e trace=setsockopt,membarrier,kill,pidfd_send_signal \
		2>strace.log 3>&- &
	PIDS+=($!)
	until_true grep -q attached strace.log
	hotswap upgrade web
	until_true is_role 1 retired
	kill "${PIDS[-1]}"
	wait "${PIDS[-1]}" || true
	in_order 'SO_BINDTOIFINDEX, .2147483647' 'membarrier.* = 0$' \
		'(kill|pidfd_send_signal).*SIGTERM'
	sed '/membarrier.* = 0$/,$d' trace >before
	expect 1 grep SIGTERM before
}

@test "drain: a handshake that is under way gets 3 seconds" {
	local began

	cp "$BATS_TEST_DIRNAME/deaf_server.py" server
	./server 2>/dev/null || skip "takes the right to attach a filter"
	PORT=$(free_port)
	hotswap run -n web --keep 0 --bake 0 -- ./server "$PORT" \
		>>run.log 2>&1 3>&- &
	PIDS+=($!)
	until_true hotswap wait web --for ready --timeout 10s 2>/dev/null
	kill -USR1 "$(pid_of 1)"
	until_true test -e deaf
	exec 4<>"/dev/tcp/127.0.0.1/$PORT"
	began=$(date +%s%N)
	hotswap upgrade web
	until_true is_role 1 retired
	[ $(($(date +%s%N) - began)) -ge 3000000000 ]
	exec 4>&-
}

@test "drain: who waits in the queue of a candidate that has ended is let go at once" {
	local program client status=0

	serve
	release server v2
	hotswap upgrade web --bake 1m --no-wait
	until_true field_is .rollout.state baking
	program=$(pid_of 2)
	kill -STOP "$program"
	curl -s -m 25 -o /dev/null "http://127.0.0.1:$PORT/" 3>&- &
	client=$!
	until_true is_queued
	kill -KILL "$program"
	wait "$client" || status=$?
	[ "$status" = 56 ] # the connection was reset
	until_true is_role 2 failed
	until_true grep -q "generation 2: has ended" run.log
	grep -q "none of its processes is left to take the" run.log
	[ "$(version)" = v1 ]
}

# is_queued: a connection waits, and its request has been sent.
is_queued() {
	[ "$(ss -Htn state established "sport = :$PORT" |
		awk '{ n += $1 } END { print n }')" -gt 0 ]
}

# notes_signals: a server that writes each signal to a file, and ends by all of
# them but WINCH.
notes_signals() {
	cat >notes.py <<-'EOF'
		import signal, socket, sys

		def got(number, _):
		    open(sys.argv[2] + "." + signal.Signals(number).name, "w").close()
		    if number != signal.SIGWINCH:
		        sys.exit()

		for name in "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGWINCH":
		    signal.signal(getattr(signal, name), got)
		own = socket.create_server(("127.0.0.1", int(sys.argv[1])))
		while True:
		    own.accept()[0].close()
	EOF
}

@test "drain: a program is parked and stopped as the upgrade said that started it" {
	PORT=$(free_port)
	notes_signals
	serve --keep 1m --stop-signal USR1 --park-signal WINCH -- \
		python3 notes.py "$PORT" first
	hotswap upgrade web --stop-signal USR2 --park-signal CONT -- \
		python3 notes.py "$PORT" second
	until_true test -e first.SIGWINCH
	expect 1 hotswap upgrade web --stop-signal HUP --health exec:false \
		--health-failures 1 -- python3 notes.py "$PORT" third
	until_true test -e third.SIGHUP
	kill -KILL "$(supervisor)"
	until_true is_role 1 parked
	hotswap stop web
	[ "$(echo *.SIG*)" = "first.SIGUSR1 first.SIGWINCH second.SIGUSR2 third.SIGHUP" ]
}
