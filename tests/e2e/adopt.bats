#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The keeper is killed, alone or with its supervisor: a new run with the same
# name takes over the processes that live.

load helper

# begin ADDRESS OPTIONS... -- PROGRAM...: run a supervisor of the program as
# `web`; port 0 becomes a free port.
begin() {
	BEGUN=("${@:2}")
	PORT=$(free_port)
	ADDRESS=${1/%:0/:$PORT}
	run_at "$ADDRESS"
}

# run_at ADDRESS: run with the options of begin; an empty address is left to the
# program.
run_at() {
	"${TRACER[@]}" hotswap run -n web ${1:+-l "$1"} --bake 200ms --keep 1m \
		--drain-timeout 2s "${BEGUN[@]}" >>run.log 2>&1 3>&- &
	SUPERVISOR=$!
	PIDS+=("$SUPERVISOR")
	until_true supervised
}

# supervised: the supervisor that was begun last answers, and its program
# serves.
supervised() {
	[ "$(field .pid 2>/dev/null)" = "$SUPERVISOR" ] &&
		hotswap wait web --for ready --timeout 10s
}

# again: run the command of begin once more.
again() {
	run_at "${WRAPPED-$ADDRESS}"
}

# both_kill: kill keeper and supervisor at once.
both_kill() {
	local supervisor

	supervisor=$(supervisor)
	kill -KILL "$SUPERVISOR" "$supervisor"
	wait "$SUPERVISOR" || true
	# Its name is taken until then.
	until_true has_ended "$supervisor"
}

# keeper_kill: kill the keeper alone, and wait until the supervisor has noticed.
keeper_kill() {
	kill -KILL "$SUPERVISOR"
	wait "$SUPERVISOR" || true
	until_true is_alone
}

is_alone() {
	[ "$(field '.pid == .supervisor')" = true ]
}

# load_at ADDRESS OPTIONS...: load in the background, as load_begin.
load_at() {
	"$BUILD/load" --control steer --timeout 60s "${@:2}" "$1" \
		>load.json 3>&- &
	CLIENT=$!
	PIDS+=("$CLIENT")
	until_true test -p steer
}

# answered VERSION...: exactly these versions have answered.
answered() {
	[ "$(field '[.generations[].version] | unique | join(" ")' load.json)" = "$*" ]
}

# traced: strace has attached to the supervisor.
traced() {
	! grep -q '^TracerPid:[[:space:]]*0$' "/proc/$1/status"
}

@test "a dead keeper: who takes over is let in by its PID, and nobody else is" {
	begin 127.0.0.1:0 -- ./server
	supervisor=$(supervisor)
	strace -qq -e trace=prctl -p "$supervisor" 2>prctl 3>&- &
	PIDS+=("$!")
	until_true traced "$supervisor"
	keeper_kill
	run ! grep PR_SET_PTRACER prctl
	again
	until_true has_ended "$supervisor"
	new=$(supervisor)
	cat prctl
	run ! grep -i any prctl
	grep -q "PR_SET_PTRACER, $new)" prctl
	is_version v1
}

# has_ended PID: the process has ended, whether its parent has reaped it or not.
has_ended() {
	! grep -q '^State:[[:space:]]*[^ZX[:space:]]' "/proc/$1/status" 2>/dev/null
}

# to_and_fro: an adopted service can be upgraded and rolled back; the load, if
# there is one, meets the other version.
to_and_fro() {
	release server v8
	hotswap upgrade web
	[ ! -p steer ] || until_true has_met v8
	hotswap rollback web
}

is_shifting() {
	[ "$(field .rollout.state)" = shifting ]
}

# has_connections N: the first generation has N connections.
has_connections() {
	[ "$(field '.generations[0].connections')" = "$1" ]
}

# last_result: the result of the last rollout in history.
last_result() {
	hotswap history web --json | tail -n 1 >last
	field .result last
}

@test "both killed under load: a new run adopts, and no request fails" {
	begin 127.0.0.1:0 -- ./server
	program=$(pid_of 1)
	load_at "$ADDRESS" --rate 500 --kept 4
	until_true has_met v1
	both_kill
	again
	[ "$(pid_of 1)" = "$program" ]
	to_and_fro
	load_end
	answered v1 v8
	until_true is_role 2 retired
	both_kill
	run -69 hotswap status web
	[[ $output == *"serve on, unsupervised: $program; "*"takes them over" ]]
	again
	[ "$(pid_of 1)" = "$program" ]
	hotswap stop web
	expect 0 wait "$SUPERVISOR"
	has_ended "$program"
	[ -z "$(ls run/*.checkpoint.* 2>/dev/null)" ]
}

@test "both killed: who asks before what they had open is closed is told what is so" {
	begin 127.0.0.1:0 -- ./server
	program=$(pid_of 1)
	partners=$(pgrep -x hotswap-partner -P "$SUPERVISOR,$(supervisor)")
	[ "$(wc -w <<<"$partners")" = 2 ]
	# shellcheck disable=SC2086
	kill -STOP $partners
	both_kill
	hotswap status web >said 2>&1 3>&- &
	until_true grep -q "State:.S" "/proc/$!/status"
	# shellcheck disable=SC2086
	kill -CONT $partners
	expect 69 wait $!
	grep -q "serve on, unsupervised: $program; .*takes them over" said
	again
	[ "$(pid_of 1)" = "$program" ]
}

@test "the keeper killed: the supervisor goes on, and a new run takes over from it" {
	begin 127.0.0.1:0 -- ./server
	program=$(pid_of 1) before=$(supervisor)
	load_at "$ADDRESS" --rate 500 --kept 4
	keeper_kill
	[ "$(field .pid)" = "$before" ]
	release server v2
	hotswap upgrade web
	again
	[ "$(pid_of 1)" = "$program" ]
	[ "$(version)" = v2 ]
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		expect 2 hotswap run -n web -- ./server 2>>refusal
	done
	grep -q "the name is taken" refusal
	expect 1 grep "ended by itself" refusal
	hotswap rollback web
	load_end
}

@test "the keeper killed: stop works, and nothing is left" {
	begin 127.0.0.1:0 -- ./server
	program=$(pid_of 1)
	keeper_kill
	hotswap stop web
	has_ended "$program"
	[ -z "$(ls run)" ] || [ "$(ls run)" = web.lock ]
}

@test "both killed with one generation parked: the other goes on getting everything" {
	begin 127.0.0.1:0 -- ./server
	release server v2
	hotswap upgrade web
	load_at "$ADDRESS" --rate 1000 --kept 4
	for _ in 1 2 3; do
		both_kill
		again
		is_role 1 parked
	done
	load_end
	answered v2
	hotswap rollback web
	[ "$(version)" = v1 ]
}

@test "both killed while an older one drains: what is parked gets nothing, and comes back" {
	begin 127.0.0.1:0 --drain-timeout 20s -- ./server
	"$BUILD/load" --slow 2 --slow-time 20s --duration 60s "$ADDRESS" >slow.json 3>&- &
	PIDS+=("$!")
	until_true has_connections 2
	release server v2
	hotswap upgrade web
	release server v3
	hotswap upgrade web
	until_true is_role 1 draining
	load_at "$ADDRESS" --rate 1000 --kept 4
	both_kill
	again
	is_role 1 draining
	load_end
	answered v3
	hotswap rollback web
	[ "$(version)" = v2 ]
}

@test "both killed with a gap in the group: its order is found out, and the share is right again" {
	begin 127.0.0.1:0 -- ./server
	load_at "$ADDRESS" --rate 1000 --kept 4
	for n in 2 3; do
		release server "v$n"
		hotswap upgrade web
	done
	until_true is_role 1 retired
	both_kill
	again
	load_end
	load_at "$ADDRESS" --rate 1000
	is_role 2 parked
	until_true has_met v3
	hotswap rollback web
	until_true has_met v2
	load_end
	answered v2 v3
	load_at "$ADDRESS" --rate 1000
	until_true has_met v2
	release server v4
	hotswap upgrade web --canary 50 --step-time 200ms
	until_true has_met v4
	load_end
	answered v2 v4
}

@test "both killed during a canary: it is taken back, and no request fails" {
	begin 127.0.0.1:0 -- ./server
	load_at "$ADDRESS" --rate 1000 --kept 4
	release server v2
	hotswap upgrade web --no-wait --canary 20 --step-time 1m
	until_true is_shifting
	both_kill
	again
	until_true is_role 2 failed
	[ "$(last_result)" = rolled-back ]
	to_and_fro
	load_end
}

@test "both killed in the bake: the candidate stays, and is promoted" {
	begin 127.0.0.1:0 --bake 3s -- ./server
	load_at "$ADDRESS" --rate 500
	release server v2
	hotswap upgrade web --no-wait
	until_true is_version v2
	both_kill
	again
	[ "$(version)" = v2 ]
	until_true is_role 2 active
	[ "$(last_result)" = promoted ]
	load_end
}

# through ADDRESS [CLIENT'S ADDRESS]: both are killed, and then the keeper
# alone.
through() {
	begin "$1" -- ./server
	program=$(pid_of 1)
	load_at "${2:-$ADDRESS}" --rate 300 --kept "${KEPT:-4}"
	until_true has_met v1
	release server v2
	hotswap upgrade web
	until_true has_met v2
	both_kill
	again
	hotswap rollback web
	both_kill
	again
	to_and_fro
	keeper_kill
	again
	to_and_fro
	[ "$(pid_of 1)" = "$program" ]
	load_end
	answered v1 v2 v8
}

# While another process has a duplicate of a connection that the program closes,
# epoll(7) goes on telling the program of it.
@test "adopted: a program, whose connections nobody duplicates" {
	begin 127.0.0.1:0 -- ./server
	load_at "$ADDRESS" --rate 100 --kept 30
	until_true has_connections 30
	both_kill
	TRACER=(strace -D -f -qq -o getfd -e trace=pidfd_getfd)
	again
	load_end
	grep -q ' = [0-9]' getfd
	[ "$(grep -c ' = [0-9]' getfd)" -lt 30 ]
}

@test "adopted: TCP over IPv6" {
	through '[::1]:0'
}

@test "adopted: a dual-stack socket" {
	begin '[::]:0' -- ./server
	load_at "127.0.0.1:$PORT" --rate 300
	release server v2
	hotswap upgrade web
	both_kill
	again
	hotswap rollback web
	load_end
}

@test "adopted: UDP" {
	KEPT=0 through udp:127.0.0.1:0
}

@test "adopted: a Unix socket" {
	through "$BATS_TEST_TMPDIR/web.sock"
}

@test "adopted: an abstract socket" {
	through "@hotswap-adopt-$$"
}

@test "adopted: a program with sockets of its own, heard no more, until it is restarted" {
	WRAPPED=
	PORT=$(free_port)
	BEGUN=(--shim seccomp -- ./server --bind "127.0.0.1:$PORT")
	ADDRESS="127.0.0.1:$PORT"
	run_at ''
	program=$(pid_of 1)
	load_at "$ADDRESS" --rate 300 --kept 4
	both_kill
	again
	[ "$(pid_of 1)" = "$program" ]
	grep -q "every bind and listen of its program fails" run.log
	hotswap status web | grep -q "trouble.* fails from now on"
	hotswap restart web
	[ -z "$(field '.generations[-1].trouble')" ]
	to_and_fro
	load_end
}

@test "the keeper killed: a wrapped program is heard as before" {
	WRAPPED=
	PORT=$(free_port)
	BEGUN=(--shim seccomp -- ./server --bind "127.0.0.1:$PORT" --reuseport-workers 2)
	ADDRESS="127.0.0.1:$PORT"
	run_at ''
	load_at "$ADDRESS" --rate 300 --kept 4
	keeper_kill
	again
	[ -z "$(field '.generations[0].trouble')" ]
	to_and_fro
	load_end
}

@test "adopted: a program that is wrapped by the preload library" {
	WRAPPED=
	PORT=$(free_port)
	BEGUN=(--shim preload -- ./server --bind "127.0.0.1:$PORT" --reuseport-workers 3)
	ADDRESS="127.0.0.1:$PORT"
	run_at ''
	load_at "$ADDRESS" --rate 300 --kept 4
	release server v2
	hotswap upgrade web
	both_kill
	again
	[ -z "$(field '.generations[0].trouble')" ]
	hotswap rollback web
	to_and_fro
	load_end
}

# stored: the number of descriptors that the cache server has stored.
stored() {
	field '.generations[0].stored.count'
}

has_stored() {
	[ "$(stored)" -gt 0 ]
}

@test "what a program has stored outlives the keeper, and not both; the log says so" {
	cp "$BUILD/fixtures/cache" cache
	begin 127.0.0.1:0 -- ./cache
	until_true has_stored
	kept=$(stored)
	keeper_kill
	again
	[ "$(stored)" = "$kept" ]
	both_kill
	again
	[ "$(stored)" = 0 ]
	grep -q "$kept of the $kept descriptors that its program had stored" run.log
}

@test "start adopts as well, and says what serves" {
	begin 127.0.0.1:0 -- ./server
	program=$(pid_of 1)
	both_kill
	hotswap start -n web -l "$ADDRESS" -- ./server >said
	PIDS+=("$(field .pid)")
	grep -q "generation 1 serves, PID $program" said
	to_and_fro
}

@test "nothing lives: it is a first start, and the log says so" {
	begin 127.0.0.1:0 -- ./server
	program=$(pid_of 1)
	both_kill
	kill -KILL "$program"
	until_true has_ended "$program"
	again
	grep -q "a first start" run.log
	[ "$(pid_of 1)" != "$program" ]
}

@test "a program that died meanwhile is started again, and the other one lives" {
	begin 127.0.0.1:0 --restart on-failure -- ./server
	release server v2
	hotswap upgrade web
	program=$(pid_of 1)
	serving=$(pid_of 2)
	both_kill
	kill -KILL "$serving"
	until_true has_ended "$serving"
	again
	until_true is_version v2
	[ "$(pid_of 1)" = "$program" ]
	[ "$(pid_of 2)" != "$serving" ]
	grep -q "status that nobody knows" run.log
	hotswap rollback web
	[ "$(version)" = v1 ]
}

@test "an adopted program's end is known as it was" {
	begin 127.0.0.1:0 -- ./server
	both_kill
	again
	kill -SEGV "$(pid_of 1)"
	until_true grep -q "active \(killed by SIGSEGV\|gone\)" run.log
	until_true is_version v1
}

@test "another command line: what runs is adopted, and the upgrade brings the new one" {
	begin 127.0.0.1:0 -- ./server
	program=$(pid_of 1)
	both_kill
	cp server other
	BEGUN=(-- ./other)
	again
	[ "$(pid_of 1)" = "$program" ]
	grep -q "command line has changed" run.log
	hotswap upgrade web
	[ "$(field '.generations[-1].program | split("/")[-1]')" = other ]
}

# refused PATTERN: a new run ends with status 2 and this message, and changes
# nothing.
refused() {
	expect 2 hotswap run -n web -l "$ADDRESS" -- ./server 2>refusal
	cat refusal
	grep -q "$1" refusal
	grep -q "kill.* $program" refusal
	[ "$(version)" = v1 ]
}

@test "no checkpoint, or one that cannot be trusted: no second copy" {
	begin 127.0.0.1:0 -- ./server
	program=$(pid_of 1)
	both_kill
	mkdir aside
	cp run/web.checkpoint.* aside/

	rm run/web.checkpoint.*
	refused "no checkpoint"

	cp aside/* run/
	chmod 644 run/web.checkpoint.*
	refused "others may read or write it"

	rm run/web.checkpoint.*
	ln -s ../aside/web.checkpoint.0 run/web.checkpoint.0
	refused "it is a link"

	rm run/web.checkpoint.*
	echo nonsense | tee run/web.checkpoint.0 >run/web.checkpoint.1
	chmod 600 run/web.checkpoint.*
	refused "torn or was tampered with"

	cp aside/* run/
	chmod 600 run/web.checkpoint.*
	again
	[ "$(pid_of 1)" = "$program" ]
	to_and_fro
}

@test "another user's checkpoint is not believed" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	begin 127.0.0.1:0 -- ./server
	program=$(pid_of 1)
	both_kill
	chown 65534 run/web.checkpoint.*
	refused "belongs to another user"
}

@test "both killed: no descriptor is left of the time before" {
	begin 127.0.0.1:0 --keep 0 -- ./server
	before=$(find "/proc/$SUPERVISOR/fd" "/proc/$(supervisor)/fd" | wc -l)
	for _ in 1 2 3; do
		both_kill
		again
	done
	[ "$(find "/proc/$SUPERVISOR/fd" "/proc/$(supervisor)/fd" | wc -l)" -le "$((before + 1))" ]
}

# in_full_place: commands that start after this find the directory `run` full;
# place_freed makes room again.
in_full_place() {
	[ "$(id -u)" = 0 ] || skip "needs root"
	mkdir bin run
	unshare -m sh -c 'mount -t tmpfs -o size=16k,mode=700 tmpfs run &&
		{ dd if=/dev/zero of=run/fill bs=1k || :; } 2>/dev/null &&
		exec sleep 600' 3>&- &
	PLACE=$!
	PIDS+=("$PLACE")
	until_true test -s "/proc/$PLACE/cwd/run/fill" ||
		until_true nsenter -t "$PLACE" -m test -s "$PWD/run/fill"
	cat >bin/hotswap <<-END
		#!/bin/sh
		exec nsenter -t $PLACE -m sh -c 'cd "\$0" && exec "\$@"' \
			"$PWD" "$BUILD/bin/hotswap" "\$@"
	END
	chmod +x bin/hotswap
	PATH=$PWD/bin:$PATH
}

place_freed() {
	nsenter -t "$PLACE" -m rm "$PWD/run/fill"
}

@test "the runtime directory is full: the service goes on, and says what it lacks" {
	in_full_place
	begin 127.0.0.1:0 -- ./server
	program=$(pid_of 1)
	grep -q "warning: .*checkpoint: No space left" run.log
	before=$(supervisor)
	kill -KILL "$before"
	until_true supervised
	to_and_fro
	both_kill
	# Or it was just being tried once more to write it.
	refused "no checkpoint\|torn"
}

@test "the runtime directory is full for a while: then it can be adopted" {
	in_full_place
	begin 127.0.0.1:0 -- ./server
	program=$(pid_of 1)
	place_freed
	to_and_fro
	both_kill
	again
	[ "$(pid_of 1)" = "$program" ]
}

@test "a runtime directory with a long name: notifications reach the one that adopts" {
	export HOTSWAP_RUNTIME_DIR
	HOTSWAP_RUNTIME_DIR=$BATS_TEST_TMPDIR/$(printf 'long%.0s' {1..30})
	begin 127.0.0.1:0 --shim seccomp -- ./server
	address=$(tr '\0' '\n' <"/proc/$(pid_of 1)/environ" |
		sed -n 's/^NOTIFY_SOCKET=\(@.*\)/\1/p')
	grep -q "$address\$" /proc/net/unix
	both_kill
	# Their partners close what they had open, after their end.
	is_free() { ! grep -q "$address\$" /proc/net/unix; }
	until_true is_free
	again
	grep -q "$address\$" /proc/net/unix
	to_and_fro
}

@test "both killed while it is being stopped: that goes on" {
	begin 127.0.0.1:0 --drain-timeout 20s -- ./server
	program=$(pid_of 1)
	exec 5<>"/dev/tcp/127.0.0.1/$PORT"
	until_true has_connections 1
	hotswap stop web --timeout 100ms || true
	both_kill
	hotswap run -n web -l "$ADDRESS" -- ./server >>run.log 2>&1 3>&- 5>&- &
	SUPERVISOR=$!
	PIDS+=("$SUPERVISOR")
	until_true field_is .pid "$SUPERVISOR"
	exec 5>&-
	expect 0 wait "$SUPERVISOR"
	has_ended "$program"
}

@test "kills: keeper or both killed at random instants under load, nothing is lost or doubled" {
	HOTSWAP_BUILD=$BUILD python3 "$BATS_TEST_DIRNAME/../adopt_kills.py" 12 300
}

@test "the keeper killed: the events go on, and a kill -9 after the takeover loses none" {
	serve
	local before

	before=$(supervisor)
	kill -KILL "$SUPERVISOR"
	serve
	until_true other_supervisor "$before"
	before=$(supervisor)
	kill -KILL "$before"
	until_true other_supervisor "$before"
	hotswap events web >events
	[ "$(gojq -s -c 'map([.number, .event])' events)" = \
		'[[1,"started"],[2,"ready"],[3,"promoted"],[4,"recovered"],[5,"recovered"]]' ]
}
