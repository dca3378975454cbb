#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The prober: one process makes the checks of a service, each in a child.

load helper

setup() {
	setup_service
	PORT=$(free_port)
	URL=http://127.0.0.1:$PORT/
}

# with_checks OPTION...: serve with three checks, and wait until they pass.
with_checks() {
	serve --health "$URL" --health "tcp://127.0.0.1:$PORT" \
		--health "unix:$PWD/unix.sock" -l "$PWD/unix.sock" \
		--health-interval 5s --health-passes 1 "$@"
	until_true is_checked
	PROBER=$(prober)
}

is_checked() {
	field_is '.generations[-1].health.last' pass
}

# silent_server: a server on SILENT that accepts connections and never answers.
silent_server() {
	SILENT=$(free_port)
	python3 -c 'import socket, sys, time
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
open("listens", "w").close()
time.sleep(600)' "$SILENT" 3>&- &
	PIDS+=($!)
	until_true test -e listens
}

# as_user COMMAND...: as an ordinary user, who may write here.
as_user() {
	setpriv --reuid=65534 --regid=65534 --clear-groups \
		env "PATH=$PATH" "HOME=$PWD" "HOTSWAP_RUNTIME_DIR=$PWD/own" \
		"HOTSWAP_STATE_DIR=$PWD/theirs" "$@"
}

# check_hangs OPTION...: begin an upgrade whose check gets no answer; CHECK is the
# process of the check.
check_hangs() {
	silent_server
	release server v2
	hotswap upgrade web --health "http://127.0.0.1:$SILENT/" \
		--health-interval 100ms --start-timeout 60s "$@" >upgrade 2>&1 3>&- &
	UPGRADE=$!
	PIDS+=("$UPGRADE")
	until_true found_check
}

found_check() {
	CHECK=$(checks_under_way) &&
		grep -q '^Seccomp:[[:space:]]2' "/proc/$CHECK/status"
}

is_gone() {
	! kill -0 "$1" 2>/dev/null
}

has_another_prober() {
	local now

	now=$(prober) && [ "$now" != "$PROBER" ]
}

@test "prober: one process makes the checks of all rollouts" {
	with_checks
	for version in v2 v3; do
		release server "$version"
		hotswap upgrade web
		[ "$(version)" = "$version" ]
	done
	[ "$(prober)" = "$PROBER" ]
}

@test "prober: killed between two checks, another one goes on" {
	with_checks
	kill -KILL "$PROBER"
	release server v2
	hotswap upgrade web
	[ "$(version)" = v2 ]
	has_another_prober
}

@test "prober: killed during a check, the check fails and is made again" {
	with_checks
	check_hangs --health-failures 2 --health-timeout 60s
	kill -KILL "$PROBER"
	until_true field_is '.generations[1].health.failures' 1
	field '.generations[1].health.reason' | grep -q "killed by SIGKILL"
	until_true is_gone "$CHECK"
	until_true has_another_prober
	hotswap abort web
	[ "$(version)" = v1 ]
}

@test "prober: one that answers nothing fails its check and is replaced" {
	with_checks
	kill -STOP "$PROBER"
	release server v2
	hotswap upgrade web --health-timeout 300ms --health-failures 3
	[ "$(version)" = v2 ]
	is_gone "$PROBER"
}

@test "prober: after a check that a signal has ended, another one is taken" {
	with_checks
	check_hangs --health-failures 2 --health-timeout 60s
	kill -SEGV "$CHECK"
	until_true field_is '.generations[1].health.failures' 1
	field '.generations[1].health.reason' | grep -q "killed by SIGSEGV"
	until_true has_another_prober
	hotswap abort web
}

@test "prober: a check that outlasts its time is ended, and the prober goes on" {
	with_checks
	check_hangs --health-failures 100 --health-timeout 60s
	kill -STOP "$CHECK"
	hotswap abort web
	until_true is_gone "$CHECK"
	until_true is_ended_in_time
}

# On a busy machine the prober may be so late to say so that it is replaced.
is_ended_in_time() {
	PROBER=$(prober) &&
		check_hangs --health-failures 100 --health-timeout 200ms \
			--health-interval 10s &&
		kill -STOP "$CHECK" &&
		until_true is_gone "$CHECK" &&
		until_true reason_is "did not end within 200 ms" &&
		[ "$(prober)" = "$PROBER" ] &&
		hotswap abort web && return
	hotswap abort web
	return 1
}

reason_is() {
	field '.generations[-1].health.reason' | grep -q "$1"
}

@test "prober: it ends with the supervisor, and so do the checks" {
	with_checks
	check_hangs --health-timeout 60s
	kill -KILL "$(supervisor)"
	until_true is_gone "$CHECK"
	until_true is_gone "$PROBER"
	until_true field_is '.generations[0].health.last' pass
	[ "$(version)" = v1 ]
}

@test "prober: a reexec leaves none behind" {
	with_checks
	hotswap reexec web
	until_true is_gone "$PROBER"
	until_true has_another_prober
	hotswap stop web --now
	until_true is_gone "$(prober)"
}

@test "prober: of an ordinary user nobody may look into it, or into its checks" {
	[ "$(id -u)" = 0 ] || skip "takes root and another user"
	chmod 777 .
	export HOTSWAP_RUNTIME_DIR=$PWD/own
	silent_server
	as_user hotswap start -n web -l "127.0.0.1:$PORT" \
		--health "http://127.0.0.1:$SILENT/" --health-timeout 60s \
		--start-timeout 60s -- ./server >/dev/null 2>&1 3>&- &
	PIDS+=($!)
	until_true found_check
	for pid in $(prober) $CHECK; do
		run ! as_user cat "/proc/$pid/environ"
		run ! as_user ls "/proc/$pid/fd"
	done
	as_user hotswap stop web --now
}

@test "prober: of another user's program a check has nothing of our environment" {
	[ "$(id -u)" = 0 ] || skip "takes root and another user"
	SECRET=s with_checks --user nobody
	check_hangs --health-timeout 60s
	grep -qz '^HOTSWAP_ROLE=helper' "/proc/$CHECK/environ"
	run ! grep -qz SECRET "/proc/$CHECK/environ"
	grep -q '^Uid:[[:space:]]65534[[:space:]]65534[[:space:]]65534' \
		"/proc/$CHECK/status"
	hotswap abort web
}

@test "prober: with the capabilities of its file alone it becomes the program's user" {
	[ "$(id -u)" = 0 ] || skip "takes root and another user"
	mkdir -m 755 able
	chmod 777 .
	cp "$BUILD/bin/hotswap" "$BUILD/bin/hotswap-probe" able/
	setcap cap_setuid,cap_setgid,cap_kill,cap_chown+ep able/hotswap
	PATH=$PWD/able:$PATH
	export HOTSWAP_RUNTIME_DIR=$PWD/own
	as_user able/hotswap start -n web -l "127.0.0.1:$PORT" --user daemon \
		--health "$URL" --health-interval 100ms -- ./server
	[ "$(version)" = v1 ]
	as_user able/hotswap stop web --now
}

# own_processes: the partners of keeper and supervisor, and the prober.
own_processes() {
	pgrep -P "$SUPERVISOR,$(supervisor)" -x 'hotswap-(partner|prober)'
}

# Else systemd says that they remain running after their unit was stopped.
@test "prober: it ends before the service does, as the partners do" {
	local pid pids

	PORT=$(free_port)
	serve --health "http://127.0.0.1:$PORT/"
	pids=$(own_processes)
	[ "$(wc -w <<<"$pids")" -ge 2 ]
	hotswap stop web
	expect 0 wait "$SUPERVISOR"
	for pid in $pids; do
		run ! kill -0 "$pid"
	done
}
