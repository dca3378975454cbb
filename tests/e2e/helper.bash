# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# For the end-to-end tests.  Every test has directories of its own, starts what
# it needs on ports that the kernel chooses, and ends it by PID.  A test that
# fails prints the supervisor's log.

bats_require_minimum_version 1.5.0

BUILD=${HOTSWAP_BUILD:-$BATS_TEST_DIRNAME/../../build}

setup() {
	setup_service
}

setup_service() {
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

teardown() {
	local pid below log

	# The keeper first, which would start its supervisor again.
	for pid in "${PIDS[@]}"; do
		below=$(pgrep -P "$pid" -x hotswap || true)
		# shellcheck disable=SC2086
		kill -KILL "$pid" $below 2>/dev/null || true
	done
	for log in run.log state/*/log theirs/said; do
		[ -e "$log" ] || continue
		echo "--- $log"
		tail -n 60 "$log"
	done
	"$BUILD/fixtures/processes" end "$BATS_TEST_TMPDIR"
	# What each service has told must be what the model allows.
	HOTSWAP_BUILD=$BUILD "$BATS_TEST_DIRNAME/../model/replay.sh" \
		"$BATS_TEST_TMPDIR"
}

# until_true COMMAND...: wait until it succeeds, for at most half a minute.
# What the last try has printed is shown if none did.
until_true() {
	local end=$((SECONDS + ${DEADLINE:-30})) said=${BATS_TEST_TMPDIR:-.}/.said

	until "$@" >"$said" 2>&1; do
		((SECONDS < end)) || {
			cat "$said"
			echo "never came true: $*"
			return 1
		}
		sleep 0.02
	done
}

# release FILE VERSION OPTIONS...: install a server of this version, which
# behaves as the options say.  It is written under another name and renamed, as
# a deployment does it.
release() {
	local file=$1

	shift
	cp "$BUILD/fixtures/server" "$file.new"
	printf '\nversion=%s\n' "$*" >>"$file.new"
	chmod 755 "$file.new"
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
	local program=(./server)
	local options=()

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
	curl -s -m 5 -o /dev/null -D - "http://127.0.0.1:$PORT/" |
		sed -n 's/^X-Version: //ip' | tr -d '\r'
}

# is_version VERSION
is_version() {
	[ "$(version)" = "$1" ]
}

# field FILTER [FILE]: print what the jq filter finds in `hotswap status web
# --json`, or in a file; fails if there is no JSON.
field() {
	if [ $# -gt 1 ]; then
		jq -r -c "$1" "$2"
	else
		local json

		json=$(hotswap status web --json) && jq -r -c "$1" <<<"$json"
	fi
}

# field_is FILTER VALUE
field_is() {
	[ "$(field "$1")" = "$2" ]
}

# itself: print the PID of the supervisor; SUPERVISOR is the keeper's PID.
itself() {
	field .supervisor
}

# prober: print the PID of the process that makes the supervisor's checks.
prober() {
	pgrep -P "$(itself)" -x hotswap-prober
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

# load_begin OPTIONS...: start load on the server in the background.
load_begin() {
	"$BUILD/load" --control steer "$@" "127.0.0.1:$PORT" >load.json 3>&- &
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

# supervisor: print the PID of the supervisor, which is not the keeper's.
supervisor() {
	field .supervisor
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
	until curl -s -m 5 -o may_load "http://127.0.0.1:$port/"; do
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.02
	done
	kill "$pid" 2>/dev/null || true
	wait "$pid" || status=$?
	[ "$status" != 3 ]
}
