#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The load client itself, on which all claims about traffic rest.  It is tested
# with the test server alone, without a supervisor.
# shellcheck disable=SC2016,SC2030,SC2031 # eval is to expand; one shell a test

load alone

# serve_bound OPTIONS...: run a server on PORT, which the kernel chooses.
serve_bound() {
	serve "$SERVER" --bind "${ADDRESS:-127.0.0.1}:0" "$@"
}

# gone: wait until the server has ended.
gone() {
	wait "$PID" 2>/dev/null || true
}

# client STATUS OPTIONS...: run the client, which must end with this status.
client() {
	local status=0 expected=$1

	shift
	"$BUILD/load" "$@" >report.json || status=$?
	cat report.json
	[ "$status" -eq "$expected" ]
}

# begin OPTIONS...: start the client in the background, controlled by `steer`.
begin() {
	rm -f now.json # of an earlier one
	"$BUILD/load" --control steer "$@" >report.json 3>&- &
	CLIENT=$!
	PIDS+=("$CLIENT")
	until_true test -p steer
}

# ends STATUS: the client in the background ends with this status.
ends() {
	local status=0

	wait "$CLIENT" || status=$?
	cat report.json
	[ "$status" -eq "$1" ]
}

# so_far FILTER: wait until the filter holds for the client's report so far.
so_far() {
	until_true so_far_once "$1"
}

so_far_once() {
	echo report now.json >steer
	gojq -e "$1" now.json >/dev/null 2>&1
}

# is FILTER: a gojq(1) filter holds for the report.
is() {
	gojq -e "$1" report.json >/dev/null || {
		echo "not so: $1" >&2
		return 1
	}
}

# only CLASS: there is a failure of this class, and none of another.
only() {
	is ".$1 > 0 and .failures == .$1"
}

@test "load: 3,000 new connections a second, kept and slow ones all succeed" {
	serve_bound --version v1
	client 0 --rate 3000 --kept 32 --slow 5 --slow-time 300ms \
	    --duration 2s "127.0.0.1:$PORT"
	is '.failures == 0 and .kinds.new.ok >= 5900'
	is '.kinds.kept.ok > 0 and .kinds.slow.ok > 0'
	is '.reconnects.total == 0'
	is '.generations | length == 1 and .[0].version == "v1"'
	# It waits for what is due, and does not spin, on a slow machine as well.
	client 0 --rate 20 --kept 2 --pause 100ms --duration 500ms \
	    "127.0.0.1:$PORT"
	is '.cpu.percent < 50'
}

@test "load: a server that has died is refused" {
	serve_bound
	kill -KILL "$PID"
	gone
	client 1 --rate 100 --kept 1 --count 5 --duration 1s "127.0.0.1:$PORT"
	only refused
	is '.kinds.new.refused == 5 and .kinds.kept.refused > 0'
}

@test "load: a Unix path that is missing is refused" {
	client 1 --rate 100 --count 5 "$PWD/none.sock"
	only refused
}

@test "load: an answer cut short is truncated" {
	serve_bound
	client 1 --rate 100 --count 5 --path /truncate "127.0.0.1:$PORT"
	only truncated
}

@test "load: a connection torn off is reset" {
	serve_bound
	client 1 --rate 100 --count 5 --path /reset "127.0.0.1:$PORT"
	only reset
}

@test "load: an answer after the timeout is timed out" {
	serve_bound --delay 2000
	client 1 --rate 100 --kept 1 --count 5 --timeout 200ms \
	    --duration 100ms "127.0.0.1:$PORT"
	only timed_out
}

@test "load: a server that never accepts is timed out" {
	serve_bound --hang-while-open
	client 1 --rate 100 --count 5 --timeout 200ms "127.0.0.1:$PORT"
	only timed_out
}

@test "load: another status than 200 is wrong, and says who answered" {
	serve_bound --answer 500 --version v3
	client 1 --rate 100 --count 5 "127.0.0.1:$PORT"
	only wrong
	is '.failed[0].detail == "status 500"'
	is '.generations[0] | .version == "v3" and .answers == 5 and .ok == 0'
}

@test "load: a body without the expected text is wrong" {
	serve_bound --version v1
	client 0 --rate 100 --count 5 --expect v1 "127.0.0.1:$PORT"
	client 1 --rate 100 --count 5 --expect v2 "127.0.0.1:$PORT"
	only wrong
}

@test "load: a client without a free port is the client's own failure" {
	serve_bound
	client 1 --rate 100 --count 1 --source 192.0.2.1 "127.0.0.1:$PORT"
	only client
}

@test "load: slow requests that a dying server cuts are told, kept ones that it closes are not failures" {
	serve_bound --exit-on-term
	begin --kept 4 --pause 10s --slow 2 --slow-time 30s "127.0.0.1:$PORT"
	so_far '.kinds.kept.ok > 0'
	kill "$PID"
	so_far '.reconnects.closed > 0 and .kinds.slow.truncated > 0'
	echo stop >steer
	ends 1
	is '.kinds.kept | .ok > 0 and .reset == 0 and .truncated == 0'
}

@test "load: a stall is charged to every request that it held up" {
	serve_bound --version v1
	begin --rate 500 --timeout 60s "127.0.0.1:$PORT"
	so_far '.ok > 10'
	kill -STOP "$PID"
	echo 'phase stalled' >steer
	so_far '.phases | has("stalled")'
	sleep 1 # the stall itself: it is a time, and waits for nothing
	echo stop >steer
	kill -CONT "$PID"
	ends 0
	is '.failures == 0 and .gap.ms > 950 and .latency_us.max > 950000'
	# All of the phase was stalled: a closed loop would see no request.
	is '.phases.stalled.latency_us.p50 > 100000'
}

@test "load: phases and marks part one run" {
	serve_bound
	mkfifo steer
	begin --rate 500 "127.0.0.1:$PORT"
	so_far '.phases.calm.ok > 50'
	printf 'mark begun\nphase swap\n' >steer
	so_far '.phases.swap.ok > 50'
	printf 'phase calm\nstop\n' >steer
	ends 0
	is '.phases.calm.spans == 2 and .phases.swap.spans == 1'
	is '.phases.calm.ok + .phases.swap.ok == .ok'
	is '.phases.swap.latency_us.count == .phases.swap.ok'
	is '.marks[0].name == "begun" and .marks[0].at_ns > .began_ns'
	[ -p steer ] # it was not the client's, so it is left alone
}

@test "load: each generation's first and last connection are known" {
	local first last

	HOTSWAP_GENERATION=1 serve_bound --version v1
	client 0 --rate 200 --count 20 --kept 1 "127.0.0.1:$PORT" --duration 1s
	first=$(gojq '.generations[0].first_ns' report.json)
	last=$(gojq '.generations[0].last_ns' report.json)
	# What was due before the end may be late on a busy machine.
	is ".began_ns <= $first and $first < $last"
	is '.generations[0] | .generation == 1 and .answers == .new + .kept'
	is '.generations[0].last_answer_ns > .generations[0].last_ns'
}

@test "load: a kept connection is reused, and made anew where the server says close" {
	serve_bound
	begin --kept 2 --pause 20ms "127.0.0.1:$PORT"
	so_far '.ok > 2'
	echo stop >steer
	ends 0
	is '.reconnects.total == 0'
	begin --kept 2 --pause 20ms --path /close "127.0.0.1:$PORT"
	so_far '.ok > 2'
	echo stop >steer
	ends 0
	is '.reconnects.announced == .ok'
}

@test "load: many client addresses take turns" {
	serve_bound
	client 0 --rate 1000 --count 500 --source 127.10.0.0/100 \
	    "127.0.0.1:$PORT"
	is '.sources.answered == 100 and .sources.moved == 0'
}

@test "load: IPv6, Unix, abstract and datagram sockets" {
	local name

	ADDRESS='[::1]' serve_bound
	client 0 --rate 100 --count 5 --kept 1 --duration 1s "[::1]:$PORT"
	name=@hotswap-load-$$
	"$SERVER" --bind "$PWD/s" --bind "$name" 2>server.err 3>&- &
	PIDS+=("$!")
	until_true grep -qF "$name" /proc/net/unix
	client 0 --rate 100 --count 5 --kept 1 --duration 1s "$PWD/s"
	client 0 --rate 100 --count 5 --kept 1 --duration 1s "$name"
	ADDRESS=udp:127.0.0.1 HOTSWAP_GENERATION=7 serve_bound --version v2
	client 0 --rate 100 --count 5 --kept 1 --duration 1s \
	    "udp:127.0.0.1:$PORT"
	is '.generations[0] | .generation == 7 and .version == "v2"'
	kill -KILL "$PID"
	gone
	client 1 --rate 100 --count 5 "udp:127.0.0.1:$PORT"
	only refused
}

@test "load: a full Unix queue is waited for, not called refused" {
	"$SERVER" --bind "$PWD/s" 2>server.err 3>&- &
	PID=$!
	PIDS+=("$PID")
	# Its socket is there before it listens; the flag is SO_ACCEPTCON.
	until_true grep -q " 00010000 .*$PWD/s\$" /proc/net/unix
	kill -STOP "$PID"
	begin --rate 10000 --count 6000 --timeout 60s "$PWD/s"
	until_true eval '[ "$(grep -c "$PWD/s" /proc/net/unix)" -gt 4000 ]'
	kill -CONT "$PID"
	ends 0
	is '.ok == 6000'
}

@test "load: a stall of the client itself is told and charged as well" {
	serve_bound
	begin --rate 500 "127.0.0.1:$PORT"
	so_far '.ok > 10'
	kill -STOP "$CLIENT"
	sleep 0.3 # the stall itself: it is a time, and waits for nothing
	kill -CONT "$CLIENT"
	echo stop >steer
	ends 0
	is '.late.count > 100 and .late.max_ms > 250'
	is '.latency_us.max > 250000'
}

# peer ANSWER AGAIN: a server that sends ANSWER for the first request of a
# connection, in pieces at each `|`, and AGAIN for the next.
peer() {
	rm -f server.err # of an earlier one
	python3 -c '
import socket, sys, time
s = socket.create_server(("127.0.0.1", 0))
print("server: port", s.getsockname()[1], file=sys.stderr, flush=True)
answers = [a.encode().decode("unicode_escape").encode() for a in sys.argv[1:]]
while True:
    c = s.accept()[0]
    c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for answer in answers:
        if not c.recv(4096):
            break
        for piece in answer.split(b"|"):
            c.sendall(piece)
            time.sleep(0.005)
    c.close()
' "$@" 2>server.err 3>&- &
	PIDS+=("$!")
	until_true grep -qs '^server: port' server.err
	PORT=$(sed -n 's/^server: port //p' server.err)
}

OK='HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

@test "load: a kept request that crosses with the close is sent again, once" {
	peer "$OK" ''
	begin --kept 1 --pause 10ms "127.0.0.1:$PORT"
	so_far '.ok > 3'
	echo stop >steer
	ends 0
	is '.reconnects.retried >= .ok / 2 - 1'
	peer ''
	begin --kept 1 --pause 10ms "127.0.0.1:$PORT"
	so_far '.truncated > 0'
	echo stop >steer
	ends 1
	only truncated
}

@test "load: a kept answer that breaks off is not sent again" {
	peer "$OK" 'HTTP/1.1 200'
	begin --kept 1 --pause 10ms "127.0.0.1:$PORT"
	so_far '.truncated > 0'
	echo stop >steer
	ends 1
	only truncated
	is '.reconnects.retried == 0'
}

@test "load: another protocol than HTTP, whose answers end with a text" {
	peer '+PO|NG\r\n'
	client 0 --rate 50 --count 5 --kept 1 --send 'PING%0D%0A' \
	    --until '%0D%0A' "127.0.0.1:$PORT"
	is '.ok >= 5 and .kinds.kept.ok >= 1'
	peer '+PONG'
	client 1 --rate 50 --count 5 --send PING --until '%0D%0A' \
	    "127.0.0.1:$PORT"
	only truncated
	client 64 --rate 50 --until x "127.0.0.1:$PORT"
}

@test "load: a greeting comes once, before the first request; a text may have NULs" {
	peer 'HI|\x00\n' 'one\x00\n'
	client 0 --rate 20 --count 3 --greet 'HELLO%00' --greet-until '%00%0A' \
	    --send 'ASK%0A' --until 'one%00%0A' "127.0.0.1:$PORT"
	is '.ok == 3'
	peer 'HI|\x00\n' 'one\x00\n' 'one\x00\n' 'one\x00\n'
	begin --kept 1 --pause 10ms --greet 'HELLO%00' \
	    --greet-until '%00%0A' --send 'ASK%0A' --until 'one%00%0A' \
	    "127.0.0.1:$PORT"
	so_far '.ok >= 3'
	echo stop >steer
	ends 0
	is '.failures == 0'
	peer 'HI' 'two\x00\n'
	client 1 --rate 20 --count 3 --greet HELLO --greet-until HI \
	    --send ASK --until 'one%00%0A' "127.0.0.1:$PORT"
	only truncated
	client 64 --rate 20 --greet HELLO --send ASK --until x "127.0.0.1:$PORT"
}

@test "load: an answer that goes on behind the text is taken where that is said" {
	peer 'one two'
	client 0 --rate 20 --count 3 --anywhere --send ASK --until one \
	    "127.0.0.1:$PORT"
	is '.ok == 3'
	client 1 --rate 20 --count 3 --send ASK --until one "127.0.0.1:$PORT"
	only truncated
}

@test "load: answers in chunks, in pieces, to the end of the connection" {
	local head='HTTP/1.1 200 OK\r\n'

	peer "${head}Transfer-Encod|ing: chunked\r|\n\r\n2;x=|1\r\nv7\r|\n0\r\nA: b\r\n\r|\n"
	client 0 --rate 50 --count 5 --version-from body "127.0.0.1:$PORT"
	is '.ok == 5 and .generations[0].version == "v7"'
	peer "$head\r\nv|8\n"
	client 0 --rate 50 --count 5 --version-from body "127.0.0.1:$PORT"
	is '.generations[0].version == "v8"'
	peer "${head}Transfer-Encoding: chunked\r\n\r\n2\r\nv7\r\n0\r\n"
	client 1 --rate 50 --count 5 "127.0.0.1:$PORT"
	only truncated
	peer "${OK}and more"
	client 1 --rate 50 --count 5 "127.0.0.1:$PORT"
	only wrong
	peer 'SSH-2.0-x\r\n\r\n'
	client 1 --rate 50 --count 5 "127.0.0.1:$PORT"
	only wrong
}
