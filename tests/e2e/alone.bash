# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# shellcheck disable=SC2034 # the tests use what is set here
# For tests of the test server and of the load client themselves: a server
# without a supervisor.

bats_require_minimum_version 1.5.0

setup() {
	BUILD=${HOTSWAP_BUILD:-$BATS_TEST_DIRNAME/../../build}
	SERVER=$BUILD/fixtures/server
	PIDS=()
	cd "$BATS_TEST_TMPDIR" || return 1
}

teardown() {
	local pid

	for pid in "${PIDS[@]}"; do
		kill -KILL "$pid" || true
		wait "$pid" || true
	done 2>/dev/null
	cat server.err 2>/dev/null || true
}

# until_true COMMAND...: wait until it succeeds, for at most 100 seconds.
until_true() {
	local end=$((SECONDS + 100))

	until "$@"; do
		((SECONDS < end)) || return 1
		sleep 0.01
	done
}

# serve COMMAND...: start a server, which prints its port, PORT.
serve() {
	rm -f server.err # of an earlier one
	"$@" 2>server.err 3>&- &
	PID=$!
	PIDS+=("$PID")
	until_true grep -qs '^server: port' server.err
	PORT=$(sed -n 's/^server: port //p' server.err)
}
