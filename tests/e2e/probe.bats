#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The prober by itself with real servers: which checks pass, which fail, and
# with which messages.

setup_file() {
	BUILD=${HOTSWAP_BUILD:-$BATS_TEST_DIRNAME/../../build}
	PROBE=$(realpath "$BUILD/bin/hotswap-probe")
	export PROBE
	export HELPERS=$BATS_TEST_DIRNAME/probe
	export DIR=$BATS_FILE_TMPDIR
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -subj /CN=public.example -days 1 \
	    -keyout "$DIR/key.pem" -out "$DIR/cert.pem" 2>/dev/null
	# A frame is a flag, four bytes of length, a message; the second
	# message has fields before the status that are to be skipped.
	printf '\0\0\0\0\2\10\1' >"$DIR/serving"
	printf '\0\0\0\0\10\22\2ab\30\5\10\2' >"$DIR/not-serving"
	printf '\0\0\0\0\11\10\1' >"$DIR/garbled"
	: >"$DIR/none"
	python3 "$HELPERS/nginx.py" "$DIR" "$HELPERS/nginx.conf" \
	    >"$DIR/nginx.out" 2>&1 3>&- &
	echo $! >"$DIR/nginx.started"
	wait_for grep -qs "start worker processes" "$DIR/error.log"
}

teardown_file() {
	kill "$(cat "$DIR/nginx.started")"
}

setup() {
	# shellcheck source=/dev/null
	. "$DIR/ports"
	cd "$BATS_TEST_TMPDIR" || return
	peers=()
}

teardown() {
	local pid
	for pid in "${peers[@]}"; do
		kill "$pid"
	done
	[ "${BATS_TEST_COMPLETED:-}" = 1 ] || tail -n 20 "$DIR/error.log"
}

# wait_for COMMAND...: wait until it succeeds, for at most 100 seconds.
wait_for() {
	local deadline=$((SECONDS + 100))
	until "$@"; do
		[ $SECONDS -lt $deadline ] || return 1
		sleep 0.02
	done
}

# peer ARGUMENTS...: run a server of one kind; its port is $port.
peer() {
	local out=peer.${#peers[@]}
	python3 "$HELPERS/peer.py" "$@" >"$out" 2>"$out.err" 3>&- &
	peers+=($!)
	wait_for test -s "$out"
	port=$(cat "$out")
}

# passes PATTERN ARGUMENTS...: the check passes; stdout says what was measured.
passes() {
	local pattern=$1
	shift
	run --separate-stderr -0 "$PROBE" --timeout 60s "$@"
	echo "$output $stderr"
	[[ $output =~ ^$pattern$ ]] && [ -z "$stderr" ]
}

# fails REASON ARGUMENTS...: the check fails; stderr says what it was and why.
fails() {
	local reason=$1
	shift
	run --separate-stderr -1 "$PROBE" --timeout 60s "$@"
	echo "$output $stderr"
	[ "$stderr" = "${*: -1}: $reason" ] && [ -z "$output" ]
}

# stalls REASON URL: as fails, where the server says something and then hangs;
# LIMIT in the reason is the time that is given, which is doubled if it was too
# short for what the server says.
stalls() {
	local ms

	for ((ms = 500; ms < 60000; ms *= 2)); do
		! fails "${1/LIMIT/$ms ms}" --timeout "${ms}ms" "$2" || return 0
	done
	return 1
}

refused() {
	run --separate-stderr -64 "$PROBE" "$@"
	[ -z "$output" ] && [ -n "$stderr" ]
}

bats_require_minimum_version 1.5.0
ms='[0-9]+\.[0-9] ms'

@test "http: a status of 2xx or 3xx passes, and no redirect is followed" {
	passes "200 OK in $ms from 127.0.0.1" "http://127.0.0.1:$HTTP/ok"
	passes "204 No Content in $ms from .*" "http://127.0.0.1:$HTTP/empty"
	passes "302 Moved Temporarily in $ms from .*" \
	    "http://127.0.0.1:$HTTP/moved"
}

@test "http: another status fails and is named" {
	fails "answered 404 Not Found" "http://127.0.0.1:$HTTP/missing"
	fails "answered 500 Internal Server Error" \
	    "http://127.0.0.1:$HTTP/fail"
}

@test "http: a server that is not there is refused" {
	peer inet
	kill "${peers[0]}"
	wait "${peers[0]}" || true
	peers=()
	fails "connection refused" "http://127.0.0.1:$port/"
}

@test "http: a server that hangs fails in the time that is given" {
	peer inet --hang
	fails "no answer within 200 ms" --timeout 200ms \
	    "http://127.0.0.1:$port/"
}

@test "http: an answer that stalls or is cut short fails" {
	peer inet --hang --say='HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab'
	stalls "answered 200 OK, but not to its end: no answer within LIMIT" \
	    "http://127.0.0.1:$port/"
	peer inet --say='HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab'
	fails "answered 200 OK, but not to its end: closed the connection \
before the answer's end" "http://127.0.0.1:$port/"
	peer inet
	fails "closed the connection without an answer" \
	    "http://127.0.0.1:$port/"
}

@test "http: words of the server cannot reach the terminal" {
	peer inet --say='HTTP/1.1 500 \x1b[31mred\r\nContent-Length: 0\r\n\r\n'
	fails "answered 500 ?[31mred" "http://127.0.0.1:$port/"
}

@test "http: a proxy in the environment is not used" {
	export http_proxy=http://127.0.0.1:1 ALL_PROXY=http://127.0.0.1:1
	passes "200 OK in .*" "http://127.0.0.1:$HTTP/ok"
}

@test "https: a certificate that nobody vouches for passes" {
	passes "200 in $ms from 127.0.0.1" "https://127.0.0.1:$HTTPS/ok"
	grep -q '/ok TLSv1' "$DIR/access.log"
	fails "answered 500" "https://127.0.0.1:$HTTPS/fail"
}

@test "https: a server without TLS fails" {
	run -1 "$PROBE" --timeout 60s "https://127.0.0.1:$HTTP/ok"
	[[ $output == *SSL* ]]
}

@test "source: the server sees the address that is asked for" {
	passes "200 OK in $ms from 127.83.0.7" --source 127.83.0.7 \
	    "http://127.0.0.1:$HTTP/ok?seven"
	grep -q '^127\.83\.0\.7 ' "$DIR/access.log"
	passes "connected in $ms from 127.83.1.2" --source 127.83.1.2 \
	    "tcp://127.0.0.1:$HTTP"
	passes "SERVING in $ms from 127.83.2.1" --source 127.83.2.1 \
	    "grpc://127.0.0.1:$SERVING"
}

@test "source: a name is resolved to the family of the source" {
	passes "200 OK in $ms from 127.83.0.7" --source 127.83.0.7 \
	    "http://localhost:$HTTP/ok"
	passes "200 OK in $ms from ::1" --source '[::1]' \
	    "http://localhost:$HTTP6/ok"
	fails "cannot be reached from 127.83.0.7; a name such as localhost \
suits both" --source 127.83.0.7 "http://[::1]:$HTTP6/ok"
}

@test "source: a range of ports is used again at once" {
	local i n
	for i in {1..8}; do
		"$PROBE" --source '[::1]:61440-61441' --timeout 60s \
		    "http://[::1]:$HTTP6/ok?$i"
		"$PROBE" --source '[::1]:61440-61441' --timeout 60s \
		    "tcp://[::1]:$HTTP6"
	done
	n=$(awk '$1 == "::1" && $2 >= 61440 && $2 <= 61441 { n++ }
	    END { print n }' "$DIR/access.log")
	[ "$n" -eq 8 ]
}

@test "source: a range whose ports are all taken fails" {
	peer inet6 --hang
	"$PROBE" --source '[::1]:61450' --timeout 100s "http://[::1]:$port/" &
	local first=$!
	wait_for sh -c 'ss -Htn src "[::1]:61450" | grep -q ESTAB'
	fails "cannot connect from ::1: address already in use" \
	    --source '[::1]:61450' "http://[::1]:$port/"
	kill $first
}

@test "tcp: a connection is enough where nothing is expected" {
	passes "connected in $ms from 127.0.0.1" "tcp://127.0.0.1:$HTTP"
}

@test "tcp: what is expected is found anywhere, over several segments" {
	peer inet --say='hello\r\n+PO' --say='NG\r\n'
	passes "expected answer in $ms from 127.0.0.1" \
	    "tcp://127.0.0.1:$port?send=PING%0D%0A&expect=%2BPONG%0d%0a"
	peer inet --record got --say='\x00\xff'
	passes "expected answer in .*" \
	    "tcp://127.0.0.1:$port?expect=%00%FF&send=a+b%00"
	[ "$(od -An -c got | tr -d ' ')" = 'a+b\0' ]
}

@test "tcp: another answer fails and is shown" {
	peer inet --say='-ERR no\r\n'
	fails 'closed the connection before "+PONG" came, after "-ERR no.."' \
	    "tcp://127.0.0.1:$port?send=PING%0A&expect=%2BPONG"
	peer inet --hang --say='-ERR no'
	stalls 'LIMIT passed before "+PONG" came, after "-ERR no"' \
	    "tcp://127.0.0.1:$port?send=x&expect=%2BPONG"
	peer inet --hang
	fails '200 ms passed before "x" came' --timeout 200ms \
	    "tcp://127.0.0.1:$port?expect=x"
}

@test "tcp: a long answer is searched to its end" {
	# What is expected lies across the end of the prober's buffer.
	peer inet --say="$(printf '%4090s' '')needle-needle"
	passes "expected answer in .*" \
	    "tcp://127.0.0.1:$port?send=x&expect=needle-needle"
	peer inet --say="$(printf '%20000s' '')needle-needle"
	passes "expected answer in .*" \
	    "tcp://127.0.0.1:$port?send=x&expect=needle-needle"
}

@test "grpc: SERVING passes, in the clear and over TLS" {
	passes "SERVING in $ms from 127.0.0.1" "grpc://127.0.0.1:$SERVING"
	passes "SERVING in $ms from 127.0.0.1" "grpcs://127.0.0.1:$SERVINGTLS"
}

@test "grpc: any other answer fails and is named" {
	fails "answered 2 (NOT_SERVING)" "grpc://127.0.0.1:$NOTSERVING"
	fails "grpc-status 12 (UNIMPLEMENTED): no such method" \
	    "grpc://127.0.0.1:$UNKNOWN/x"
	fails "grpc-status 14 (UNAVAILABLE)" "grpc://127.0.0.1:$FAILING"
	fails "the answer is no HealthCheckResponse" \
	    "grpc://127.0.0.1:$GARBLED"
	fails "answered 404 without a grpc-status" "grpc://127.0.0.1:$NOGRPC"
}

@test "grpc: a server of HTTP/1.1 fails" {
	run -1 "$PROBE" "grpc://127.0.0.1:$HTTP"
}

@test "grpc: the service is named in the request" {
	peer inet --record got
	run -1 "$PROBE" --timeout 60s "grpc://127.0.0.1:$port/my.Service"
	od -An -v -tx1 got | tr -d ' \n' |
	    grep -q "000000000c0a0a$(printf my.Service | od -An -tx1 | tr -d ' ')"
}

@test "unix: connects, or asks by HTTP" {
	passes "connected in $ms" "unix:$DIR/http.sock"
	passes "200 OK in $ms" "unix:$DIR/http.sock:http:/ok"
	fails "answered 500 Internal Server Error" \
	    "unix:$DIR/http.sock:http:/fail"
	fails "no such file or directory" "unix:$DIR/missing.sock"
}

@test "unix: the path beside the check goes before that in it" {
	passes "200 OK in $ms" --unix-path "$DIR/http.sock" \
	    unix:/nonexistent:http:/ok
	passes "200 OK in $ms" --unix-path "$DIR/http.sock" \
	    --source 127.83.0.7 unix:/nonexistent:http:/ok
	(cd "$DIR" && passes "connected in $ms" --unix-path http.sock \
	    unix:/nonexistent)
	ln -s "$DIR/http.sock" link
	fails "socket operation on non-socket" --unix-path link \
	    unix:/nonexistent
	passes "connected in $ms" "unix:$PWD/link"
	fails "no such file or directory" --unix-path /nonexistent \
	    "unix:$DIR/http.sock:http:/ok"
}

@test "unix: a path longer than sun_path and an abstract name are reached" {
	local deep
	deep=$BATS_TEST_TMPDIR/$(printf '%0100d' 0)
	ln -s "$DIR" "$deep"
	passes "200 OK in $ms" "unix:$deep/http.sock:http:/ok"
	peer "@hotswap-probe-$$" --say='HTTP/1.0 200 OK\r\n\r\n'
	passes "200 OK in $ms" "unix:@hotswap-probe-$$:http:/"
}

@test "what is not a check is refused as usage" {
	refused
	refused http://127.0.0.1/ http://127.0.0.1/
	refused ftp://127.0.0.1/
	refused "http://127.0.0.1:99999/"
	refused "tcp://127.0.0.1"
	refused "tcp://127.0.0.1:1/path"
	refused "tcp://127.0.0.1:1?sent=x"
	refused "grpc://127.0.0.1"
	refused unix:
	refused --timeout 3q "http://127.0.0.1/"
	refused --timeout 0 "http://127.0.0.1/"
	refused --source localhost "http://127.0.0.1/"
	refused --source '[::1]:70000' "http://127.0.0.1/"
	refused --source '[::1]:2-1' "http://127.0.0.1/"
	refused --nonsense "http://127.0.0.1/"
}
