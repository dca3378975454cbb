#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# hotswap's unit under a real systemd, which boots in a fresh Debian with
# hotswap's packages: `make systemd`.  What each act costs clients is told in
# systemd.table of the build.

load place

setup_file() {
	[ "$(id -u)" = 0 ] || return 0
	cd "$BATS_FILE_TMPDIR" || return 1
	layer booted "$BATS_FILE_TMPDIR"
	install "$DEBS"
	export ROOT
	# systemd takes no mixture of both kinds of control groups; this mount is
	# seen by this file's own tests alone.
	[ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ] ||
		mount -t cgroup2 cgroup2 /sys/fs/cgroup
	GROUP=$(mktemp -d /sys/fs/cgroup/hotswap-systemd.XXXXXX)
	(
		echo "$BASHPID" >"$GROUP/cgroup.procs"
		exec systemd-nspawn -D "$ROOT" --register=no --keep-unit --boot
	) >console 2>&1 </dev/null 3>&- &
	export NSPAWN=$! GROUP
	until_true booted || {
		cat console
		return 1
	}
	INIT=$(pgrep -P "$NSPAWN" -x systemd)
	export INIT
	printf '| %s | %s | %s |\n' 'systemd and its unit' requests failed \
		--- --- --- \
		>"$BUILD/systemd.table"
}

booted() {
	INIT=$(pgrep -P "$NSPAWN" -x systemd) &&
		inside systemctl is-system-running | grep -qx running
}

teardown_file() {
	[ -n "${NSPAWN:-}" ] || return 0
	kill -KILL "$INIT" || true
	wait "$NSPAWN" || true
	cd / && umount -l "$ROOT"
	# All that systemd has made there.
	until_true find "$GROUP" -depth -type d -exec rmdir {} +
}

# inside COMMAND...: as the booted system's administrator would; before it is
# booted, in its directory.
inside() {
	local into=(chroot "$ROOT")

	[ -z "${INIT:-}" ] || into=(nsenter -t "$INIT" -a)
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
		DEBIAN_FRONTEND=noninteractive DEBCONF_NOWARNINGS=yes \
		"${into[@]}" "$@" 3>&-
}

setup() {
	[ "$(id -u)" = 0 ] || skip "a system of its own takes root"
	cd "$BATS_TEST_TMPDIR" || return 1
	PIDS=()
	PORT=$(free_port)
	mkdir -p "$ROOT/etc/hotswap"
	put v1
}

teardown() {
	local pid

	for pid in "${PIDS[@]}"; do
		kill -KILL "$pid" 2>/dev/null || true
	done
	inside journalctl -u hotswap@web --no-pager -n 40 || true
	inside sh -c 'systemctl stop hotswap@web.socket hotswap@web
	    systemctl kill --signal=KILL hotswap@web
	    systemctl reset-failed hotswap@web
	    rm -rf /etc/systemd/system/hotswap@web* /var/lib/hotswap/web
	    systemctl daemon-reload' >/dev/null 2>&1 || true
}

# put VERSION OPTIONS...: install the server that the service runs.
put() {
	release "$ROOT/srv/server" "$@"
}

# configure LISTEN: with or without addresses of its own.
configure() {
	gojq -n --arg listen "$1" '{
		program: ["/srv/server"], bake: "200ms", keep: "0", "start-timeout": "5s",
	} + if $listen == "" then {} else { listen: $listen,
		health: "http://\($listen)/" } end' >"$ROOT/etc/hotswap/web.json"
}

# signal NAME: send it to the unit's main process.
signal() {
	inside systemctl kill --kill-who=main --signal="$1" hotswap@web
}

# start OPTIONS...: start hotswap@web with addresses of its own, and load on it.
start() {
	configure "127.0.0.1:$PORT"
	inside systemctl start hotswap@web
	# It serves as soon as the command has ended.
	is_version v1
	load_begin --rate 300 "$@"
}

# told ACT: end the load, of which no request failed, and tell it in the table.
told() {
	load_end
	printf '| %s | %s | %s |\n' "$1" "$(field .requests load.json)" \
		"$(field .failures load.json)" >>"$BUILD/systemd.table"
}

# main: print the PID of the unit's main process.
main() {
	inside systemctl show -P MainPID hotswap@web
}

# is_other_main PID: the unit is active with another main process.
is_other_main() {
	inside systemctl -q is-active hotswap@web && [ "$(main)" != "$1" ] &&
		[ "$(main)" != 0 ]
}

@test "systemd: start serves once it returns; reload upgrades, or fails with the upgrade" {
	start --kept 4
	[ "$(main)" = "$(supervisor)" ]
	put v2
	inside systemctl reload hotswap@web
	is_version v2
	inside systemctl status hotswap@web --no-pager >status
	grep -q 'generation 2 serves' status
	put v3 --answer 500
	expect 1 inside systemctl reload hotswap@web
	is_version v2
	inside systemctl -q is-active hotswap@web
	told '`systemctl start`, `reload`, a `reload` that fails'
	inside systemctl stop hotswap@web
	[ "$(inside systemctl is-active hotswap@web || true)" = inactive ]
}

@test "systemd: kill -9 of the main process: systemd starts it again, what serves goes on" {
	start --kept 4
	program=$(pid_of 1)
	for _ in 1 2 3; do
		before=$(main)
		signal KILL
		until_true is_other_main "$before"
	done
	[ "$(pid_of 1)" = "$program" ]
	put v2
	inside systemctl reload hotswap@web
	is_version v2
	told '`kill -9` of the main process, three times, then `reload`'
}

@test "systemd: a supervisor that stands still is killed by the watchdog and started again" {
	mkdir -p "$ROOT/etc/systemd/system/hotswap@web.service.d"
	printf '[Service]\nWatchdogSec=2\n' \
		>"$ROOT/etc/systemd/system/hotswap@web.service.d/soon.conf"
	inside systemctl daemon-reload
	start --kept 4
	program=$(pid_of 1)
	before=$(main)
	signal STOP
	until_true is_other_main "$before"
	[ "$(pid_of 1)" = "$program" ]
	inside journalctl -u hotswap@web --no-pager | grep -q 'Watchdog timeout'
	put v2
	inside systemctl reload hotswap@web
	is_version v2
	told "its watchdog, then \`reload\`"
}

@test "systemd: daemon-reexec and daemon-reload are no matter, nor is a kill after them" {
	start --kept 4
	program=$(pid_of 1)
	before=$(main)
	inside systemctl daemon-reexec
	until_true inside systemctl -q is-active hotswap@web
	inside systemctl daemon-reload
	[ "$(main)" = "$before" ]
	# systemd still holds what must outlive hotswap.
	signal KILL
	until_true is_other_main "$before"
	[ "$(pid_of 1)" = "$program" ]
	put v2
	inside systemctl reload hotswap@web
	is_version v2
	told '`systemctl daemon-reexec`, `daemon-reload`, `kill -9`, `reload`'
}

@test "systemd: hotswap reexec and a new version of the package, under load" {
	start --kept 4
	program=$(pid_of 1)
	before=$(main)
	hotswap reexec web
	install "$DEBS_NEXT"
	[ "$(field .version)" = "$(version_of "$DEBS_NEXT")" ]
	[ "$(main)" = "$before" ]
	[ "$(pid_of 1)" = "$program" ]
	signal KILL
	until_true is_other_main "$before"
	put v2
	inside systemctl reload hotswap@web
	is_version v2
	told '`hotswap reexec`, the package'"'"'s upgrade, `kill -9`, `reload`'
	install "$DEBS"
}

@test "systemd: with a .socket unit the first client starts it, and restart refuses nobody" {
	configure ""
	printf '[Socket]\nListenStream=127.0.0.1:%s\nFileDescriptorName=http\n' \
		"$PORT" >"$ROOT/etc/systemd/system/hotswap@web.socket"
	inside systemctl daemon-reload
	inside systemctl start hotswap@web.socket
	is_version v1
	inside systemctl -q is-active hotswap@web
	load_begin --rate 300
	put v2
	inside systemctl reload hotswap@web
	# All generations have one socket, and the old one is about to end.
	until_true is_version v2
	until_true hotswap wait web --for idle
	before=$(main)
	signal KILL
	until_true is_other_main "$before"
	put v3
	inside systemctl restart hotswap@web
	is_version v3
	told 'a `.socket` unit: `reload`, `kill -9`, `systemctl restart`'
}

@test "systemd: restart is a stop and a start; who is connected is served, who comes between is refused" {
	start
	put v2
	inside systemctl restart hotswap@web
	is_version v2
	echo stop >steer
	wait "$CLIENT" || true
	# Nobody was cut off or left without an answer.
	[ "$(field '.failures - .refused' load.json)" = 0 ] || {
		cat load.json
		return 1
	}
	printf '| %s | %s | %s |\n' \
		'`systemctl restart`, by which nobody serves for a while' \
		"$(field .requests load.json)" \
		"$(field .failures load.json) refused" >>"$BUILD/systemd.table"
}
