# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# For tests in a system of their own: a directory whose files are those of a
# system that tests/places/root.sh has made, until something changes them.  The
# mounts end with the namespace that tests/run_one.sh gives to each file.

load ../e2e/helper

SYSTEMS=$BUILD/roots
# shellcheck disable=SC2034 # of tests
DEBS=$BUILD/deb/first DEBS_NEXT=$BUILD/deb/next

# layer SYSTEM DIRECTORY: ROOT is a copy of the system, below the directory.
layer() {
	ROOT=$2/root
	mkdir "$ROOT" "$2/upper" "$2/work"
	mount -t overlay overlay -o \
		"lowerdir=$SYSTEMS/$1,upperdir=$2/upper,workdir=$2/work" "$ROOT"
}

# enter SYSTEM: ROOT is a copy of it, and what follows happens in its /srv.
enter() {
	layer "$1" "$BATS_TEST_TMPDIR"
	mount -t proc proc "$ROOT/proc"
	mount --rbind /dev "$ROOT/dev"
	mount -t tmpfs -o mode=755 run "$ROOT/run"
	cd "$ROOT/srv" || return 1
	# shellcheck disable=SC2034 # the helper's
	PORT=$(free_port)
	PIDS=()
}

# install DIRECTORY: install the packages from there, with what they need.
install() {
	rm -rf "$ROOT/var/tmp/debs"
	cp -r "$1" "$ROOT/var/tmp/debs"
	inside sh -c 'apt-get install -y --allow-downgrades \
	    /var/tmp/debs/*.deb' >installed 2>&1 || {
		cat installed
		return 1
	}
}

# version_of DIRECTORY: print the version of the packages there.
version_of() {
	dpkg-deb -f "$1"/hotswap_*.deb Version
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
