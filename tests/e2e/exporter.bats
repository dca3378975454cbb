#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# hotswap exporter: what it serves, and clients and services that would hang it.

load helper

# export_at OPTIONS...: run an exporter until it listens; AT is its address,
# EXPORTER its PID.
export_at() {
	AT=127.0.0.1:$(free_port)
	hotswap exporter --listen "$AT" "$@" >>exporter.log 2>&1 3>&- &
	EXPORTER=$!
	PIDS+=("$EXPORTER")
	until_true get / -o /dev/null
}

# get PATH OPTIONS...
get() {
	curl -s -m 60 "http://$AT$1" "${@:2}"
}

# asker: print the PID of the process that asks the services.
asker() {
	pgrep -P "$EXPORTER"
}

# clients WHAT: many connections at the same time, tests/e2e/http_clients.py.
clients() {
	python3 "$BATS_TEST_DIRNAME/http_clients.py" "$AT" "$@"
}

@test "exporter: what metrics --all prints, at /metrics alone" {
	serve
	export_at
	# A service that is no more; its name is written as the format demands.
	python3 -c 'import socket
socket.socket(socket.AF_UNIX).bind("run/de\"ad.sock")'
	get /metrics -D head >served
	promtool check metrics <served
	grep -qx 'hotswap_up{service="web"} 1' served
	grep -qxF 'hotswap_up{service="de\"ad"} 0' served
	diff <(grep -o '^[a-z_]*{[^}]*}' served) \
		<(hotswap metrics --all | grep -o '^[a-z_]*{[^}]*}')
	grep -q '^Content-Type: text/plain; version=0.0.4; charset=utf-8' head
	get '/metrics?x=y' >again
	grep -q ^hotswap_up again
	[[ $(get /) == *'href="/metrics"'* ]]
	for path in /metrics/ /metric //metrics /../etc/passwd; do
		get "$path" --path-as-is -o /dev/null -w '%{http_code} ' >>codes
	done
	get / -X POST -d x -D head -o /dev/null -w '%{http_code} ' >>codes
	grep -q '^Allow: GET, HEAD' head
	get /metrics -X DELETE -o /dev/null -w '%{http_code} ' >>codes
	get /metrics -I -o head
	grep -q '^Content-Length: [1-9]' head
	get / -H "X-Much: $(head -c 20000 /dev/zero | tr '\0' x)" -o /dev/null \
		-w '%{http_code}' >>codes
	[ "$(cat codes)" = '404 404 404 404 405 405 431' ]
}

@test "exporter: the addresses of hotswap, a socket file that nobody serves, and refusals" {
	local port

	port=$(free_port)
	python3 -c 'import socket
socket.socket(socket.AF_UNIX).bind("stale")'
	export_at --listen "[::1]:$port" -l "$PWD/stale" -l "@$PWD/name"
	get /metrics | grep -q hotswap_up
	curl -s "http://[::1]:$port/metrics" | grep -q hotswap_up
	curl -s --unix-socket stale http://x/metrics | grep -q hotswap_up
	curl -s --abstract-unix-socket "$PWD/name" http://x/metrics |
		grep -q hotswap_up
	run -1 hotswap exporter -l "$PWD/stale"
	[[ $output == *'cannot listen on '*'stale: Address already in use'* ]]
	run -1 hotswap exporter --listen "$AT"
	touch file
	run -1 hotswap exporter -l "$PWD/file"
	[ -e file ]
	run -64 hotswap exporter
	[[ $output == *'--listen is missing'* ]]
	for wrong in udp:53 somewhere:80 ''; do
		run -64 hotswap exporter --listen "$wrong"
	done
	run -64 hotswap exporter --listne "$AT"
	[[ $output == *'is --listen meant?'* ]]
	run -64 hotswap exporter web --listen "$AT"
}

@test "exporter: a service that hangs is down, and holds up no other page" {
	local supervisor

	serve
	export_at
	supervisor=$(supervisor)
	kill -STOP "$supervisor"
	get /metrics >served
	kill -CONT "$supervisor"
	grep -qx 'hotswap_up{service="web"} 0' served
	# While the services are asked, all else is answered.
	kill -STOP "$(asker)"
	get /metrics -o late 3>&- &
	PIDS+=($!)
	get / -o /dev/null
	[ "$(get /x -o /dev/null -w '%{http_code}')" = 404 ]
	[ ! -s late ]
	kill -CONT "$(asker)"
	wait "${PIDS[-1]}"
	grep -qx 'hotswap_up{service="web"} 1' late
}

@test "exporter: clients that send slowly, or do not read, keep out nobody" {
	serve
	export_at
	for kind in silent half deaf; do
		python3 "$BATS_TEST_DIRNAME/http_clients.py" "$AT" "$kind" 150 \
			3>&- >said &
		PIDS+=($!)
		until_true grep -q connected said
		get /metrics | grep -qx 'hotswap_up{service="web"} 1'
		kill "${PIDS[-1]}"
		rm said
	done
	# As many as come are served, by some pages for all of them.
	clients ask 300
	clients pipeline 1
	kill -0 "$EXPORTER"
}

@test "exporter: SIGTERM ends it with 0, after what is being answered" {
	serve
	export_at
	kill -STOP "$(asker)"
	get /metrics -o late 3>&- &
	PIDS+=($!)
	until_true clients waiting
	kill "$EXPORTER"
	until_true refuses
	kill -CONT "$(asker)"
	wait "${PIDS[-1]}"
	grep -qx 'hotswap_up{service="web"} 1' late
	wait "$EXPORTER"
	# Without the process that asks it cannot go on.
	export_at
	kill -KILL "$(asker)"
	expect 70 wait "$EXPORTER"
	grep -q 'the process that asks the services has ended' exporter.log
}

refuses() {
	! get / -o /dev/null
}

@test "exporter: what reads the network may talk to no service" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	serve
	export_at
	grep -qx 'Uid:	65534	65534	65534	65534' "/proc/$EXPORTER/status"
	grep -qE '^Groups:[[:space:]]*$' "/proc/$EXPORTER/status"
	grep -qx 'CapPrm:	0000000000000000' "/proc/$EXPORTER/status"
	grep -qx 'NoNewPrivs:	1' "/proc/$EXPORTER/status"
	# What talks to them has no socket of the network.
	for fd in "/proc/$(asker)/fd"/*; do
		[ "${fd##*/}" -le 3 ]
	done
	get /metrics | grep -qx 'hotswap_up{service="web"} 1'
}

@test "exporter: takes a socket that is passed to it, and says that it is ready" {
	python3 - "$(command -v hotswap)" <<-'EOF' 3>&- &
		import os, socket, sys
		listening = socket.create_server(("127.0.0.1", 0))
		notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		notified.bind("notify")
		port = listening.getsockname()[1]
		pid = os.fork()
		if pid == 0:
		    os.dup2(listening.fileno(), 3)
		    os.set_inheritable(3, True)
		    os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1",
		                      NOTIFY_SOCKET=os.getcwd() + "/notify")
		    os.execv(sys.argv[1], ["hotswap", "exporter"] + (
		        ["--listen", f"127.0.0.1:{port}"]))
		open("pid", "w").write(str(pid))
		open("said", "w").write(f"{notified.recv(100).decode()} {port}\n")
		os.waitpid(pid, 0)
	EOF
	PIDS+=($!)
	until_true grep -q READY=1 said
	PIDS+=("$(cat pid)")
	curl -s "http://127.0.0.1:$(cut -d ' ' -f 2 said)/metrics" |
		grep -q hotswap_up
}

@test "exporter: hotswap upgrades it while clients go on asking" {
	local mode

	AT=127.0.0.1:$(free_port)
	for mode in "--shim auto" "--shim off --listen $AT"; do
		# shellcheck disable=SC2086 # words
		hotswap start -n exporter --bake 200ms $mode -- \
			"$(command -v hotswap)" exporter --listen "$AT"
		rm -f stop
		clients go_on stop >said 3>&- &
		PIDS+=($!)
		until_true grep -q asking said
		hotswap restart exporter
		hotswap restart exporter
		get /metrics | grep -qx 'hotswap_active_generation{service="exporter"} 3'
		touch stop
		wait "${PIDS[-1]}" || { cat said; return 1; }
		hotswap stop exporter
	done
}
