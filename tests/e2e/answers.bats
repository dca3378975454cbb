#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The supervisor is killed while it answers a wrapped program's bind, listen or
# unlink: the program gets its answer and serves where it should.  STAGES limits
# how many of the supervisor's system calls each test tries.

load helper

eval "helper_$(declare -f teardown)"

# A server's own process group may outlive its supervisor's sudden end.
teardown() {
	hotswap stop web --now 2>/dev/null || true
	helper_teardown
}

# begin SHIM: start a plain server with four addresses, which waits for ./go.
begin() {
	local port udp six

	port=$(free_port) udp=$(free_port) six=$(free_port)
	ADDRESSES=("tcp:127.0.0.1:$port" "unix:$PWD/sock"
		"udp:127.0.0.1:$udp" "v6:::1:$six")
	echo one >word
	rm -f go
	hotswap run -n web --shim "$1" --start-timeout 10s \
		-- /bin/sh -c 'until [ -e go ]; do sleep 0.02; done; exec "$@"' \
		sh "$BUILD/fixtures/plain" serve word "${ADDRESSES[@]}" \
		>>run.log 2>&1 3>&- &
	SUPERVISOR=$!
	PIDS+=("$SUPERVISOR")
	until_true candidate_runs
}

candidate_runs() {
	[ -n "$(pid_of 1 2>/dev/null)" ] && [ "$(pid_of 1)" -gt 0 ]
}

# end: stop the service of begin.
end() {
	hotswap stop web --now
	expect 0 wait "$SUPERVISOR"
}

# kill_at CALL WHEN HOW COMMAND...: run the command, and kill the supervisor
# before (enter) or after (exit) its WHEN-th system call CALL.  Fails if there
# are fewer such calls.
kill_at() {
	local call=$1 when=$2 how=$3 before tracer end

	shift 3
	before=$(supervisor)
	: >trace
	strace -p "$before" -o trace -e "trace=$call" \
		-e "inject=$call:delay_$how=10000000:when=$when" \
		2>strace.log 3>&- &
	tracer=$!
	until_true grep -q attached strace.log
	"$@"
	end=$((SECONDS + 2))
	until is_held; do
		((SECONDS < end)) || break
		sleep 0.02
	done
	kill -KILL "$before" "$tracer"
	wait "$tracer" || true
	until_true other_supervisor "$before"
	is_held
}

# is_held: the supervisor is stopped before or after the call of kill_at, which
# strace has written by then: without its result, or with it.
is_held() {
	if [ "$how" = exit ]; then
		grep -qF '(DELAYED)' trace
	else
		[ "$(grep -c "^$call" trace)" -ge "$when" ]
	fi
}

answers() {
	[ "$(timeout 2 "$BUILD/fixtures/plain" ask 1 "$1")" = "1 one" ]
}

all_answer() {
	local address

	for address in "${ADDRESSES[@]}"; do
		answers "$address" 2>/dev/null || return 1
	done
}

# all_stages SHIM CALL HOW FROM: kill the supervisor at each of these calls
# during a first start; every start must end well.
all_stages() {
	local stage

	for ((stage = $4; stage < $4 + ${STAGES:-3}; stage++)); do
		echo "# $1 $2 $3 $stage"
		begin "$1"
		kill_at "$2" "$stage" "$3" touch go || {
			end
			break
		}
		until_true hotswap wait web --for ready --timeout 5s
		until_true all_answer
		[ "$(field '.generations[0].restarts')" = 0 ]
		[ "$(field '.listeners | length')" = 4 ]
		end
	done
}

rebind() {
	kill -HUP "$MAIN"
}

# all_rebinds SHIM CALL HOW FROM: as all_stages, for a server that closes all
# its sockets and binds them again.
all_rebinds() {
	local stage

	begin "$1"
	touch go
	until_true hotswap wait web --for ready --timeout 5s
	until_true all_answer
	MAIN=$(pid_of 1)
	for ((stage = $4; stage < $4 + ${STAGES:-3}; stage++)); do
		echo "# again: $1 $2 $3 $stage"
		kill_at "$2" "$stage" "$3" rebind || break
		until_true all_answer
		[ "$(pid_of 1)" = "$MAIN" ]
		[ "$(field '.listeners | length')" = 4 ]
	done
	end
}

@test "answers: seccomp: a first start is answered whenever the supervisor dies" {
	all_stages seccomp ioctl exit 1
	all_stages seccomp bind exit 1
	all_stages seccomp sendmsg enter 2
}

@test "answers: seccomp: who binds again is answered whenever the supervisor dies" {
	all_rebinds seccomp ioctl enter 2
	all_rebinds seccomp ioctl exit 1
}

@test "answers: preload: a first start is answered whenever the supervisor dies" {
	all_stages preload recvmsg exit 1
	all_stages preload sendmsg enter 3
}

@test "answers: preload: who binds again is answered whenever the supervisor dies" {
	all_rebinds preload accept4 enter 1
	all_rebinds preload sendmsg exit 1
}
