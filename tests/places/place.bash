# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# For tests in a system of their own: a directory whose files are those of a
# system that tests/places/root.sh has made, until something changes them.  The
# mounts end with the namespace that tests/run_one.sh gives to each file.

load ../e2e/helper

SYSTEMS=$BUILD/roots

# enter SYSTEM: ROOT is a copy of it, and what follows happens in its /srv.
enter() {
	ROOT=$BATS_TEST_TMPDIR/root
	mkdir "$ROOT" "$BATS_TEST_TMPDIR/upper" "$BATS_TEST_TMPDIR/work"
	mount -t overlay overlay -o "lowerdir=$SYSTEMS/$1,upperdir=\
$BATS_TEST_TMPDIR/upper,workdir=$BATS_TEST_TMPDIR/work" "$ROOT"
	mount -t proc proc "$ROOT/proc"
	mount --rbind /dev "$ROOT/dev"
	mount -t tmpfs -o mode=755 run "$ROOT/run"
	cd "$ROOT/srv" || return 1
	# shellcheck disable=SC2034 # the helper's
	PORT=$(free_port)
	PIDS=()
}

# inside COMMAND...: as its administrator would.
inside() {
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
		DEBIAN_FRONTEND=noninteractive DEBCONF_NOWARNINGS=yes \
		chroot "$ROOT" "$@" 3>&-
}

hotswap() {
	inside hotswap "$@"
}

setup() {
	[ "$(id -u)" = 0 ] || skip "a system of its own takes root"
	cd "$BATS_TEST_TMPDIR" || return 1
}

teardown() {
	local pid

	for pid in "${PIDS[@]}"; do
		kill -KILL "$pid" 2>/dev/null || true
	done
	[ -n "${ROOT:-}" ] || return 0
	# Whatever still runs there.
	for pid in /proc/[0-9]*; do
		[ "$pid/root" -ef "$ROOT" ] || continue
		kill -KILL "${pid#/proc/}" 2>/dev/null || true
	done
	tail -n 20 "$ROOT"/var/lib/hotswap/*/log 2>/dev/null || true
	cd / && umount -R -l "$ROOT"
}
