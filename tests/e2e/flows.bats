#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Steering by eBPF: UDP flows stay with their generation while it lives, and the
# connections and datagrams that each generation gets are counted.  ROUNDS=N
# sets the number of upgrades.

load helper

ROUNDS=${ROUNDS:-3}
FLOWS=${FLOWS:-100}

setup() {
	setup_service
	PORT=$(free_port)
	may_load || skip "eBPF is not permitted here"
}

# flows COUNT [quic]: start COUNT clients with a source address of their own.
flows() {
	SOURCE=$((${SOURCE:-1} + 1))
	python3 "$BATS_TEST_DIRNAME/flows.py" 127.0.0.1 "$PORT" "$1" flow \
		"127.0.0.$SOURCE" "${@:2}" 3>&- &
	PIDS+=("$!")
	until_true test -p flow
}

# mark: wait until each flow has been answered since the last mark; flow.json
# has the report.
mark() {
	until_true all_answered
}

all_answered() {
	rm -f flow.json
	echo "mark flow.json" >flow
	until_true test -e flow.json
	cat flow.json
	echo
	TORN=$((${TORN:-0} + $(field .torn flow.json)))
	LOST=$((${LOST:-0} + $(field .lost flow.json)))
	[ "$(field .silent flow.json)" = 0 ]
}

# with VERSION: print the number of flows that this version answers.
with() {
	field "[.who | to_entries[] | select(.key | contains(\"$1\")).value] | add // 0" \
		flow.json
}

# kept: no flow has changed its generation, and no datagram was lost.
kept() {
	mark
	cat flow.json
	echo
	[ "$TORN" = 0 ]
	[ "$LOST" = 0 ]
}

# grown: wait until the flows are so old that they bear --udp-idle of silence,
# not three seconds.
grown() {
	kept
	sleep 2
	kept
	kept
}

@test "flows: UDP flows stay with their generation over upgrades and rollbacks" {
	serve -l "udp:127.0.0.1:$PORT" --udp-idle 10s
	flows "$FLOWS"
	grown
	for ((n = 2; n <= ROUNDS + 1; n++)); do
		release server "v$n"
		hotswap upgrade web
		kept
		[ "$(with v1)" = "$FLOWS" ]
		hotswap rollback web
		kept
	done
	release server new
	hotswap upgrade web
	echo "begin 50" >flow
	kept
	# New flows go to the new generation, which has all of the share.
	[ "$(with new)" = 50 ]
	[ "$(generation 1 .flows)" = "$FLOWS" ]
}

@test "flows: they stay over kill -9 of the supervisor, and over reexec" {
	serve -l "udp:127.0.0.1:$PORT" --udp-idle 10s
	flows "$FLOWS"
	grown
	release server v2
	hotswap upgrade web
	kill -KILL "$(supervisor)"
	until_true hotswap wait web --for ready --timeout 10s 2>/dev/null
	kept
	hotswap reexec web
	echo "begin 20" >flow
	kept
	[ "$(with v1)" = "$FLOWS" ]
	[ "$(with v2)" = 20 ]
}

@test "flows: a drain waits for them, and ends when they are silent" {
	serve -l "udp:127.0.0.1:$PORT" --udp-idle 3s --keep 0 \
		--drain-timeout 1m
	flows 10
	kept
	release server v2
	hotswap upgrade web
	kept
	is_role 1 draining
	[ "$(generation 1 .flows)" = 10 ]
	echo stop >flow
	until_true is_role 1 retired
	grep -q 'no connection left' run.log
}

# A server that reads nothing any more once it is asked to stop, and then takes
# its time, as one that writes its data to disk.
@test "flows: those that outlast the drain move before their generation is asked to stop" {
	cat >deaf <<-'END'
		#!/usr/bin/python3
		import os, signal, socket, sys, time
		version = sys.argv[1].encode()
		def stop(number, frame):
		    time.sleep(1)
		    os._exit(0)
		signal.signal(signal.SIGTERM, stop)
		s = socket.socket(fileno=3)
		while True:
		    _, client = s.recvfrom(4096)
		    s.sendto(b"X-Version: " + version + b"\r\n\r\n", client)
	END
	chmod +x deaf
	hotswap run -n web -l "udp:127.0.0.1:$PORT" --bake 0 --keep 0 \
		--udp-idle 1m --ready 300ms --drain-timeout 300ms -- \
		./deaf v1 >>run.log 2>&1 3>&- &
	PIDS+=("$!")
	until_true hotswap wait web --for ready --timeout 10s 2>/dev/null
	flows 20
	kept
	hotswap upgrade web -- ./deaf v2
	until_true is_role 1 retired
	grep -q 'still open after --drain-timeout' run.log
	mark
	mark
	[ "$LOST" = 0 ]
	[ "$(with v2)" = 20 ]
}

# Only time can show it: three seconds.
@test "flows: a port that is used again for another question is another flow" {
	serve -l "udp:127.0.0.1:$PORT"
	python3 - "$PORT" >said.txt 3>&- <<-'END' &
		import os, socket, sys, time
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		s.settimeout(60)
		s.connect(("127.0.0.1", int(sys.argv[1])))
		def ask():
		    s.send(b"hello")
		    print(s.recv(4096).split(b"\r\n")[0].decode(), flush=True)
		ask()
		while not os.path.exists("go"):
		    time.sleep(0.05)
		time.sleep(3.5)
		ask()
	END
	client=$!
	PIDS+=("$client")
	until_true grep -q v1 said.txt
	release server v2
	hotswap upgrade web
	touch go
	wait "$client"
	[ "$(tail -n 1 said.txt)" = "X-Version: v2" ]
}

@test "flows: those of a candidate that fails move at once" {
	serve -l "udp:127.0.0.1:$PORT" --health 'exec:test ! -e sick' \
		--health-interval 100ms
	release server v2
	hotswap upgrade web --canary 50 --step-time 1h --no-wait
	until_true field_is .rollout.share 50
	flows "$FLOWS"
	mark
	[ "$(with v2)" -gt 0 ]
	touch sick
	until_true field_is .rollout.state idle
	mark
	mark
	[ "$(with v1)" = "$FLOWS" ]
}

@test "flows: QUIC stays with its generation though its client's port changes" {
	serve -l "udp:127.0.0.1:$PORT" --udp-idle 10s
	flows 20 quic
	grown
	release server v2
	hotswap upgrade web
	kept
	echo move >flow
	kept
	[ "$(with v1)" = 20 ]
	# Flows that do not look like QUIC have no connection ID: they are new.
	echo stop >flow
	rm flow
	flows 20
	kept
	[ "$(with v2)" = 20 ]
}

@test "flows: at a held share each flow keeps its generation, also with --sticky" {
	serve -l "udp:127.0.0.1:$PORT"
	release server v2
	hotswap upgrade web --canary 30 --step-time 1h --no-wait
	until_true field_is .rollout.share 30
	flows "$FLOWS"
	kept
	kept
	[ "$(with v1)" -gt $((FLOWS / 3)) ]
	[ "$(with v2)" -gt $((FLOWS / 10)) ]
	hotswap abort web
	hotswap upgrade web --sticky --canary 30 --step-time 1h --no-wait
	until_true field_is .rollout.share 30
	"$BUILD/load" --rate 2000 --count 4000 --source 127.1.0.1/500 \
		"udp:127.0.0.1:$PORT" >part.json
	[ "$(field .sources.moved part.json)" = 0 ]
}

@test "given: connections are counted for each generation, also over kill -9" {
	serve
	is_ebpf
	"$BUILD/load" --rate 2000 --count 500 "127.0.0.1:$PORT" >part.json
	[ "$(generation 1 .given)" -ge 500 ]
	before=$(generation 1 .given)
	release server v2
	hotswap upgrade web
	"$BUILD/load" --rate 2000 --count 300 "127.0.0.1:$PORT" >part.json
	[ "$(generation 1 .given)" -le $((before + 5)) ]
	[ "$(generation 2 .given)" -ge 300 ]
	kill -KILL "$(supervisor)"
	until_true hotswap wait web --for ready --timeout 10s 2>/dev/null
	[ "$(generation 2 .given)" -ge 300 ]
	hotswap metrics web >metrics.txt
	grep -E 'hotswap_generation_given_total\{.*generation="2".*\} [0-9]+' \
		metrics.txt
	# The outcome counts the connections of the generation taken back.
	hotswap rollback web --json >outcome.json
	[ "$(field .given outcome.json)" -ge 300 ]
}

is_ebpf() {
	[ "$(field .steering.bpf)" = ebpf ]
	[ "$(field '.listeners[0].bpf')" = ebpf ]
}

# Without this test nobody would notice if all tests here were skipped.
@test "--steering auto: where root may load a program, eBPF chooses" {
	[ "$(id -u)" = 0 ] || skip "takes root"
	serve
	is_ebpf
	[ "$(field .steering.why)" = "" ]
}

@test "--steering classic: classic programs choose, and status says so" {
	serve --steering classic
	[ "$(field .steering.bpf)" = classic ]
	[ "$(field '.listeners[0].bpf')" = classic ]
	[ "$(field .steering.why)" = "--steering classic" ]
	load_begin --rate 500
	release server v2
	hotswap upgrade web
	hotswap rollback web
	load_end
}
