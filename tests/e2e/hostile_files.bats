#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Files, logs and the environment: what a program that runs as another user
# can read, change or make a supervisor that is root write.

load hostile

setup() {
	hostile_setup
}

# environment OPTIONS...: what the program finds, in theirs/said.
environment() {
	attacker "{ env; id -Gn; echo that is all; }"
	serve --user nobody "$@" -- ./program
	until_true said "that is all"
}

@test "environment: a program of another user has that user's variables, and nothing else of root's shell" {
	unset INVOCATION_ID
	export TOKEN=of-root HOME=/root USER=root LOGNAME=root SHELL=/bin/bash
	export TZ=UTC LC_TIME=C HANDED=on

	environment --env HANDED --env MADE=1
	said "HOME=$(getent passwd nobody | cut -d: -f6)"
	said USER=nobody
	said LOGNAME=nobody
	said "SHELL=$(getent passwd nobody | cut -d: -f7)"
	said TZ=UTC
	said LC_TIME=C
	said HANDED=on
	said MADE=1
	run ! said TOKEN
	run ! grep -E "=(/root|root)$" theirs/said
	said nogroup
}

@test "environment: what a service manager has made for the service goes to the program, but for the user's own variables" {
	INVOCATION_ID=1 TOKEN=of-the-unit HOME=/root environment
	said TOKEN=of-the-unit
	said "HOME=$(getent passwd nobody | cut -d: -f6)"
}
