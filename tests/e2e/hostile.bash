# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# For the tests of hostile programs.  A supervisor of root's runs, as the user
# nobody, a program that serves and attacks.  Ordinary traffic goes on
# meanwhile, and none of its requests may fail.  The attacker may write into
# ./theirs, and its messages are in ./theirs/said.

# shellcheck source=tests/e2e/helper.bash
source "$BATS_TEST_DIRNAME/helper.bash"

hostile_setup() {
	[ "$(id -u)" = 0 ] || skip "takes root and another user"
	setup_service
	install -d -o nobody -m 755 theirs
}

# attacker COMMAND...: make ./program, which runs this command in the background
# as nobody and becomes ./server.  A fixture is called by its name.
attacker() {
	cat >program <<-END
		#!/bin/sh
		PATH=$BUILD/fixtures:\$PATH
		cd '$PWD/theirs'
		{ $*; } >>said 2>&1 &
		cd '$PWD'
		exec ./server "\$@"
	END
	chmod 755 program
}

# attacker_twice COMMAND...: the same, but the command runs once before the
# program serves, when what it binds may become the service's, and once beside
# it.  Serve it with WRAPPED=1: the program is ready only once it has bound its
# port.
attacker_twice() {
	attacker "$@"
	sed -i 's/^{\(.*\)} >>said 2>&1 &$/{\1} >>said 2>\&1\n&/' program
}

# serve_attacked OPTIONS...: run ./program as nobody, with ordinary load: so many
# requests a second as HOSTILE_RATE says.
serve_attacked() {
	PORT=$(free_port)
	if [ -n "${WRAPPED:-}" ]; then
		hotswap run -n web --user nobody --bake 200ms --keep 1m "$@" -- \
			./program --bind "127.0.0.1:$PORT" >>run.log 2>&1 3>&- &
		SUPERVISOR=$!
		PIDS+=("$SUPERVISOR")
		until_true \
			hotswap wait web --for ready --timeout 10s 2>/dev/null
		# What an attacker binds before may be enough to be ready.
		until_true is_version v1
	else
		serve --user nobody "$@" -- ./program
	fi
	load_begin --rate "${HOSTILE_RATE:-300}"
	[ -z "${HOSTILE_TIMES:-}" ] || time_commands
}

# time_commands: from now on the time of each of many commands in microseconds
# is written into HOSTILE_TIMES, with the test's name.
time_commands() {
	local begin

	while sleep 0.05; do
		begin=$EPOCHREALTIME
		hotswap status web >/dev/null 2>&1 || continue
		printf '%s\t%s\n' "$((${EPOCHREALTIME/./} - ${begin/./}))" \
			"$BATS_TEST_DESCRIPTION" >>"$HOSTILE_TIMES"
	done 3>&- &
	PIDS+=("$!")
}

# said TEXT: has the attacker written this?
said() {
	grep -qF -- "$1" theirs/said
}

# said_twice TEXT
said_twice() {
	[ "$(grep -cF -- "$1" theirs/said)" = 2 ]
}

# unharmed OPTIONS...: commands are answered, the program is replaced and rolled
# back, and no request has failed.
unharmed() {
	hotswap status web >/dev/null
	release server v2
	hotswap upgrade web "$@"
	until_true is_version v2
	hotswap rollback web
	until_true is_version v1
	load_end
}
