#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The test server itself, without a supervisor.  Other tests rely on it: it
# takes what is passed, and is broken in the ways it is told.
# shellcheck disable=SC2016,SC2030,SC2031 # eval is to expand; one shell a test

load alone

# passed VARIABLE=VALUE... OPTIONS...: start a server with a listening TCP
# socket as descriptor 3; %PID in a value stands for its PID.
passed() {
	serve python3 -c '
import os, socket, sys
s = socket.create_server(("127.0.0.1", 0))
print("server: port", s.getsockname()[1], file=sys.stderr, flush=True)
os.dup2(s.fileno(), 3)
os.set_inheritable(3, True)
argv = sys.argv[1:]
while len(argv) > 1 and "=" in argv[1] and not argv[1].startswith("-"):
    k, v = argv.pop(1).split("=", 1)
    os.environ[k] = v.replace("%PID", str(os.getpid()))
os.execv(argv[0], argv)
' "$SERVER" "$@"
}

get() {
	curl -sS --max-time 60 "http://127.0.0.1:$PORT$1"
}

@test "server: takes its socket by each protocol, and by that alone which it is told" {
	passed LISTEN_FDS=1 LISTEN_PID=%PID --version v1
	[ "$(get /)" = v1 ]
	passed SERVER_STARTER_PORT=127.0.0.1:80=3 --version v2
	[ "$(get /)" = v2 ]
	passed EINHORN_FD_COUNT=1 EINHORN_FD_0=3 --version v3
	[ "$(get /)" = v3 ]
	run -1 env LISTEN_FDS=1 LISTEN_PID=1 "$SERVER"
	run -1 env EINHORN_FD_COUNT=1 EINHORN_FD_0=0 "$SERVER" \
	    --protocol systemd
}

@test "server: its own last line gives version and faults" {
	cp "$SERVER" app
	printf '\nversion=v3 --answer 500\n' >>app
	serve ./app --bind 127.0.0.1:0
	[ "$(get /)" = v3 ]
	[ "$(curl -s -o out -w '%{http_code}' "http://127.0.0.1:$PORT/")" = 500 ]
}

@test "server: SIGTERM lets what is under way end" {
	local line

	serve "$SERVER" --bind 127.0.0.1:0 --version v1
	printf 'GET %s HTTP/1.1\r\n\r\n' / '/slow?ms=300' >requests
	exec 9<>"/dev/tcp/127.0.0.1/$PORT"
	cat requests >&9
	# Once the first is answered, the second one is under way.
	while read -r line <&9 && [ "$line" != v1 ]; do :; done
	kill "$PID"
	wait "$PID"
	[ "$(tail -n 1 <&9)" = v1 ]
	exec 9>&-
}

@test "server: broken in the ways it is told to be" {
	run -0 "$SERVER" --exit 0
	run -7 "$SERVER" --exit 7
	run -139 "$SERVER" --crash
	run -139 "$SERVER" --bind 127.0.0.1:0 --crash --die-after 50
	run -3 "$SERVER" --bind 127.0.0.1:0 --exit 3 --die-after 50
	serve "$SERVER" --bind 127.0.0.1:0 --exit 4 --die-after-requests 2
	get /
	get /
	run -7 get /
	serve "$SERVER" --bind 127.0.0.1:0 --ignore-sigterm
	kill "$PID"
	get /
}

@test "server: workers share a socket or bind their own, and end with the master" {
	serve "$SERVER" --bind 127.0.0.1:0 --workers 3
	[ "$(get /process | sed -n 's/^ppid //p')" = "$PID" ]
	kill "$PID"
	wait "$PID"
	run -7 get /
	serve "$SERVER" --bind 127.0.0.1:0 --reuseport-workers 2
	kill "$PID"
	wait "$PID"
}

# still_there FILE N: N processes of this executable run; their PIDs are noted.
still_there() {
	local exe pids=()

	for exe in /proc/[0-9]*/exe; do
		[ "$(readlink "$exe")" != "$PWD/$1" ] ||
			pids+=("$(basename "${exe%/exe}")")
	done
	PIDS+=("${pids[@]}")
	[ "${#pids[@]}" -eq "$2" ]
}

@test "server: grandchildren and daemons stay behind" {
	local pid

	cp "$SERVER" app
	./app --exit 0 --fork-grandchildren 2 3>&-
	still_there app 2

	"$SERVER" --bind 127.0.0.1:0 --daemonize --pidfile pid 2>server.err 3>&-
	until_true test -s pid
	pid=$(cat pid)
	PIDS+=("$pid")
	until_true grep -qs '^server: port' server.err
	PORT=$(sed -n 's/^server: port //p' server.err)
	get / >/dev/null
	[ "$(get /process | sed -n 's/^pid //p')" = "$pid" ]
}

@test "server: says READY=1 where it is asked to" {
	serve python3 -c '
import os, socket, subprocess, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("notify")
p = subprocess.Popen(sys.argv[1:] + ["--notify", "--tell", "STATUS=x"],
    env={"NOTIFY_SOCKET": os.getcwd() + "/notify"})
open("told", "wb").write(s.recv(99) + b" " + s.recv(99))
p.terminate()
p.wait()
' "$SERVER" --bind 127.0.0.1:0
	wait "$PID"
	[ "$(cat told)" = "READY=1 STATUS=x" ]
}

@test "server: can be linked statically" {
	cc -static -D_GNU_SOURCE -o static \
	    "$BATS_TEST_DIRNAME"/../fixtures/server/*.c
	serve ./static --bind 127.0.0.1:0 --version v9
	[ "$(get /)" = v9 ]
}
