# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# For the end-to-end tests.  Every test has directories of its own, starts what
# it needs on ports that the kernel chooses, and ends it by PID.  A test that
# fails prints the supervisor's log.
#
# Bats keeps a trace of the stack before each command of a function and of what
# it calls.  `local -` and `set +T` spare that where nobody reads it.

bats_require_minimum_version 1.5.0

BUILD=${HOTSWAP_BUILD:-$BATS_TEST_DIRNAME/../../build}

setup() {
	setup_service
}

setup_service() {
	local -

	set +T
	PATH=$BUILD/bin:$PATH
	export HOTSWAP_RUNTIME_DIR=$BATS_TEST_TMPDIR/run
	export HOTSWAP_STATE_DIR=$BATS_TEST_TMPDIR/state
	export HOTSWAP_KEEP_EVENTS=1
	PIDS=()
	cd "$BATS_TEST_TMPDIR" || return 1
	# Those that run as another user in some tests must get here.
	chmod 755 "$BATS_TEST_TMPDIR"
	chmod 711 "$BATS_RUN_TMPDIR"
	release server v1
}

# show_logs: print what the services have written.
show_logs() {
	local log

	for log in run.log state/*/log theirs/said; do
		[ -e "$log" ] || continue
		echo "--- $log"
		tail -n 60 "$log"
	done
}

# supervisor_crashed: has one?  It is started again, and nobody might
# notice.
supervisor_crashed() {
	local log logs=()

	for log in run.log state/*/log; do
		[ ! -e "$log" ] || logs+=("$log")
	done
	[ ${#logs[@]} -gt 0 ] &&
		grep -hE 'the supervisor ended by itself .signal (4|6|7|8|11)\)' \
			"${logs[@]}"
}

teardown() {
	local - parents below

	set +T
	# The keeper first, which would start its supervisor again.
	if [ ${#PIDS[@]} -gt 0 ]; then
		printf -v parents '%s,' "${PIDS[@]}"
		below=$(pgrep -P "${parents%,}" -x hotswap || true)
		# shellcheck disable=SC2086
		kill -KILL "${PIDS[@]}" $below 2>/dev/null || true
	fi
	[ -n "${BATS_TEST_COMPLETED:-}" ] || show_logs
	"$BUILD/fixtures/processes" end "$BATS_TEST_TMPDIR"
	if supervisor_crashed; then
		show_logs
		return 1
	fi
	# What each service has told must be what the model allows.
	HOTSWAP_BUILD=$BUILD "$BATS_TEST_DIRNAME/../model/replay.sh" \
		"$BATS_TEST_TMPDIR" || {
		show_logs
		return 1
	}
}

# until_true COMMAND...: wait until it succeeds, for at most 100 seconds, and
# look less often after a while.  What the last try has printed is shown if none
# did.
until_true() {
	local - end=$((SECONDS + ${DEADLINE:-100})) said=${BATS_TEST_TMPDIR:-.}/.said
	local looks=0

	set +T
	until "$@" >"$said" 2>&1; do
		((SECONDS < end)) || {
			cat "$said"
			echo "never came true: $*"
			return 1
		}
		sleep 0.0$((++looks > 10 ? 8 : 2))
	done
}

# release FILE VERSION OPTIONS...: install a server of this version, which
# behaves as the options say.  It is written under another name and renamed, as
# a deployment does it.
release() {
	local - file=$1

	set +T
	shift
	install -m 755 "$BUILD/fixtures/server" "$file.new"
	printf '\nversion=%s\n' "$*" >>"$file.new"
	mv "$file.new" "$file"
}

# running: print the PIDs of the processes whose program is in the test's
# directory.
running() {
	"$BUILD/fixtures/processes" list "$BATS_TEST_TMPDIR"
}

# free_port: print a port on which nobody listens.
free_port() {
	"$BUILD/fixtures/free_port"
}

# serve OPTIONS... [-- PROGRAM...]: run a supervisor of ./server as `web` on
# PORT until it is ready.
serve() {
	local -
	local program=(./server)
	local options=()

	set +T
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	[ $# -eq 0 ] || program=("${@:2}")
	PORT=${PORT:-$(free_port)}
	hotswap run -n web -l "127.0.0.1:$PORT" --bake 200ms --keep 1m \
		"${options[@]}" -- "${program[@]}" >>run.log 2>&1 3>&- &
	SUPERVISOR=$!
	PIDS+=("$SUPERVISOR")
	until_true hotswap wait web --for ready --timeout 10s 2>/dev/null
}

# version: print the version of the server that answers.
version() {
	curl -s -m 30 -o /dev/null -D - "http://127.0.0.1:$PORT/" |
		sed -n 's/^X-Version: //ip' | tr -d '\r'
}

# is_version VERSION
is_version() {
	[ "$(version)" = "$1" ]
}

# field FILTER [FILE]: print what the gojq filter finds in `hotswap status web
# --json`, or in a file; fails if there is no JSON.
field() {
	local - json

	set +T
	if [ $# -gt 1 ]; then
		gojq -r -c "$1" "$2"
	else
		json=$(hotswap status web --json) && gojq -r -c "$1" <<<"$json"
	fi
}

# field_is FILTER VALUE
field_is() {
	[ "$(field "$1")" = "$2" ]
}

# prober: print the PID of the process that makes the supervisor's checks.
prober() {
	pgrep -P "$(supervisor)" -x hotswap-prober
}

# checks_under_way: print the PIDs of the processes that make a check each; fails
# if there is none.
checks_under_way() {
	pgrep -P "$(prober)" -x hotswap-probe
}

# generation N FILTER: print what the filter finds in generation N; fails if
# there is none.
generation() {
	field "first(.generations[] | select(.number == $1)) // error(\"none\") | $2"
}

# role N: print the role of generation N.
role() {
	generation "$1" .role
}

# is_role N ROLE
is_role() {
	[ "$(role "$1")" = "$2" ]
}

# pid_of N: print the PID of generation N's main process.
pid_of() {
	generation "$1" .pid
}

# load_begin OPTIONS...: start load on the server in the background.  A request
# that hangs fails, but not one that a busy machine holds up.
load_begin() {
	"$BUILD/load" --control steer --timeout 60s "$@" "127.0.0.1:$PORT" \
		>load.json 3>&- &
	CLIENT=$!
	PIDS+=("$CLIENT")
	until_true test -p steer
}

# load_end: end the load; load.json is its report; fails if any request failed.
load_end() {
	echo stop >steer
	wait "$CLIENT" || {
		cat load.json
		return 1
	}
}

# has_met VERSION: it has answered the load.
has_met() {
	echo "report now.$CLIENT.json" >steer
	[ "$(field "any(.generations[]; .version == \"$1\")" "now.$CLIENT.json")" = true ]
}

# supervisor: print the PID of the supervisor, which is not the keeper's.
supervisor() {
	field .supervisor
}

# starve CALL ERROR [OPTION]: from now on this system call of the supervisor, and
# with -f of its children, fails.
starve() {
	local pid

	pid=$(supervisor)
	strace "${@:3}" -qq -o strace.log -e "trace=$1" \
		-e "inject=$1:error=$2" -p "$pid" 2>/dev/null 3>&- &
	STARVER=$!
	PIDS+=("$STARVER")
	until_true grep -q "TracerPid:	$STARVER" "/proc/$pid/status"
}

# refused N [WHICH]: so many of these calls have failed.
refused() {
	[ "$(grep -c "${2-}.*INJECTED" strace.log)" -ge "$1" ]
}

# feed: they succeed again.
feed() {
	kill "$STARVER"
	wait "$STARVER" || true
}

# other_supervisor PID: a successor of this supervisor answers.
other_supervisor() {
	local now

	now=$(supervisor 2>/dev/null) && [ -n "$now" ] && [ "$now" != "$1" ]
}

# expect STATUS COMMAND...: the command must end with this exit status.
expect() {
	local status=0 wanted=$1

	shift
	"$@" || status=$?
	[ "$status" -eq "$wanted" ] || {
		echo "exit status $status instead of $wanted: $*"
		return 1
	}
}

# may_load: may this user load an eBPF program at all?  The fixture loads one
# before it answers, and exits with 3 if it may not.
may_load() {
	local port pid status=0

	port=$(free_port)
	"$BUILD/fixtures/own_steering" "$port" ebpf 200 2>/dev/null 3>&- &
	pid=$!
	PIDS+=("$pid")
	until curl -s -m 30 -o may_load "http://127.0.0.1:$port/"; do
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.02
	done
	kill "$pid" 2>/dev/null || true
	wait "$pid" || status=$?
	[ "$status" != 3 ]
}
