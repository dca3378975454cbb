#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# A program has given the supervisor a file, dropped its own descriptor, and
# holds for ever the lock for which the last close(2) of that file waits.

load hostile

setup() {
	hostile_setup
	setpriv --reuid=nobody --clear-groups unshare -Urm true 2>/dev/null ||
		skip "takes a user namespace"
	grep -q 'fuse$' /proc/filesystems || skip "takes FUSE"
	mknod fuse c 10 229 && chmod 666 fuse
	install -o nobody /dev/null theirs/file
}

# answers: the supervisor and its keeper do what they are asked.
answers() {
	timeout 20 hotswap status web >/dev/null
	unharmed
	kill -KILL "$(supervisor)"
	until_true timeout 20 hotswap status web
	timeout 20 hotswap upgrade web
	timeout 60 hotswap stop web --now
	until_true eval "! kill -0 $SUPERVISOR"
}

# keeper_has_all: the supervisor's partner has ended; a killed child that the
# keeper has not waited for has no descriptors.
keeper_has_all() {
	[ "$(pgrep -c -P "$SUPERVISOR" -r D,R,S -x hotswap-partner)" = 1 ]
}

# attacked_by ROUTE OPTIONS...
attacked_by() {
	cp "$BUILD/fixtures/hostile_closing" .
	attacker "'$PWD/hostile_closing' '$PWD/fuse' '$PWD/theirs/file' $1"
	serve_attacked "${@:2}"
	until_true said over
	said holds
	answers
}

@test "hostile: a file that is sent and not stored, and whose close hangs, holds up nobody" {
	attacked_by sent
}

@test "hostile: files that no closer has room for, and whose close hangs, hold up nobody" {
	attacked_by many
}

@test "hostile: a file that is stored, and whose close hangs, holds up nobody" {
	attacked_by stored --store-max 64
}

@test "hostile: a socket that is given to the shim's socket, and whose close hangs, holds up nobody" {
	attacked_by shim --shim preload
}

@test "hostile: a socket of the service's, whose close hangs, holds up nobody after its program's end" {
	cp "$BUILD/fixtures/hostile_closing" .
	setpriv --reuid=nobody --clear-groups ./hostile_closing "$PWD/fuse" \
		"$PWD/theirs/file" accomplice "$PWD/theirs/meet" >helper 3>&- &
	PIDS+=("$!")
	until_true grep -q waits helper
	attacker "'$PWD/hostile_closing' '$PWD/theirs/meet' listen $(free_port)"
	serve_attacked --shim seccomp
	until_true said over
	until_true grep -q holds helper
	until_true field_is '.listeners | length' 2
	answers
}

@test "hostile: a socket that is closed while its call is under way, and whose close hangs, holds up nobody" {
	attacked_by call --shim seccomp
}

@test "hostile: stored files whose close hangs let the service be adopted after the death of its keeper" {
	cp "$BUILD/fixtures/hostile_closing" .
	attacker "'$PWD/hostile_closing' '$PWD/fuse' '$PWD/theirs/file' kept"
	serve_attacked --store-max 64
	until_true said over
	until_true field_is '.generations[0].stored.count' 48 || {
		field '.generations[0].stored' # it was not 48 once, under load
		return 1
	}
	program=$(pid_of 1) supervisor=$(supervisor)
	kill -STOP "$SUPERVISOR"
	kill -KILL "$supervisor"
	until_true keeper_has_all
	kill -KILL "$SUPERVISOR"
	until_true eval "! kill -0 $SUPERVISOR"
	serve --user nobody --store-max 64 -- ./program
	[ "$(pid_of 1)" = "$program" ]
	answers
}
