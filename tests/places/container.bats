#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# hotswap as the first process of a container of podman's, with each runtime and
# with two images: of the static build alone, and of Debian with hotswap's
# packages.  `make container` makes the images, in STORE.

load place

HARDENED=(--cap-drop=ALL --user 1000 --read-only
	--security-opt no-new-privileges)

setup() {
	[ "$(id -u)" = 0 ] || skip "containers of other users are not tried"
	cd "$BATS_TEST_TMPDIR" || return 1
	chmod 755 "$BATS_TEST_TMPDIR"
	chmod 711 "$BATS_RUN_TMPDIR"
	PIDS=()
	PORT=$(free_port)
	mkdir srv
	# crun takes no mixture of both kinds of control groups; this is seen by
	# this file's own tests alone.
	[ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ] ||
		mount -t cgroup2 cgroup2 /sys/fs/cgroup
}

teardown() {
	local pid

	for pid in "${PIDS[@]}"; do
		kill -KILL "$pid" 2>/dev/null || true
	done
	pod logs web 2>&1 | tail -n 40
	pod rm -f -t 0 web >/dev/null 2>&1 || true
}

# pod ARGUMENTS...: podman with images and containers of the tests' own.
pod() {
	podman --root "$STORE" --runroot "$STORE.run" \
		--cgroup-manager cgroupfs --events-backend none \
		--log-level error "$@" 3>&-
}

# container RUNTIME IMAGE OPTIONS... -- OPTIONS OF run...: the service web of
# srv/server, which serves on return.
container() {
	local options=(--network host --pids-limit 0
		--ulimit nofile=4096:4096 --ulimit nproc=4096:4096
		-v "$PWD/srv:/srv" --stop-signal "${STOP_SIGNAL:-TERM}") runtime=$1 image=$2

	shift 2
	[ "$runtime" != crun ] || options+=(--cgroups=disabled)
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	release srv/server v1
	pod run -d --name web --runtime "$runtime" "${options[@]}" \
		--entrypoint hotswap "$image" \
		run -n web --bake 200ms --start-timeout 30s "${@:2}" >container
	until_true pod exec web hotswap wait web --for ready
}

# release FILE VERSION OPTIONS...: of a static server, which is right in both.
release() {
	cp "$BUILD/fixtures/server_static" "$1.new"
	printf '\nversion=%s\n' "${*:2}" >>"$1.new"
	chmod 755 "$1.new"
	mv "$1.new" "$1"
}

hotswap() {
	pod exec web hotswap "$@"
}

# outside PID: print what PID a process of the container has here.
outside() {
	local first

	first=$(pod inspect web --format '{{.State.Pid}}')
	# shellcheck disable=SC2046 # one word a file
	grep -lE "^NSpid:.*[[:blank:]]$1$" \
		$(pgrep -P "$first" | sed 's|.*|/proc/&/status|') | tr -dc 0-9
}

# states: print the states of the container's processes, ps(1).
states() {
	local first space

	first=$(pod inspect web --format '{{.State.Pid}}')
	space=$(readlink "/proc/$first/ns/pid" | tr -dc 0-9)
	ps -e -o pidns=,state= | awk -v space="$space" '$1 == space { print $2 }'
}

no_zombie() {
	states >of_all
	grep -q '[RS]' of_all && ! grep -q Z of_all
}

# course: what is promised, under load; the service runs.
course() {
	[ "$(field .pid)" = 1 ]
	load_begin --rate 200 --kept 4
	release srv/server v2
	hotswap upgrade web
	is_version v2
	release srv/server v3 --answer 500
	expect 1 hotswap upgrade web --health "http://127.0.0.1:$PORT/" \
		--start-timeout 2s
	is_version v2
	# Orphans of the server are the first process's to reap.
	release srv/server v4 --fork-grandchildren 3
	hotswap upgrade web
	# HUP is an upgrade where nothing is kept for a rollback.
	for signal in HUP USR2; do
		release srv/server "v5$signal"
		pod kill -s "$signal" web
		until_true is_version "v5$signal"
		until_true hotswap wait web --for idle
	done
	kill -KILL "$(outside "$(field .supervisor)")"
	release srv/server v6
	until_true hotswap upgrade web
	is_version v6
	until_true no_zombie
	load_end
}

# ends OUTCOME: podman stop lets it end within its time, with this status.
ends() {
	pod stop -t 30 web >stopped
	[ "$(pod inspect web --format '{{.State.ExitCode}}')" = "$1" ]
	pod logs web 2>&1 | tail -n 1 | grep -qx 'hotswap: web: stopped'
}

# tried RUNTIME OPTIONS...: with passed sockets, and with its own.
tried() {
	local image

	command -v "$1" >/dev/null || skip "there is no $1"
	for image in scratch debian; do
		container "$1" "$image" "${@:2}" -- --keep 0 \
			-l "127.0.0.1:$PORT" -- /srv/server
		course
		ends 0
		pod rm web >/dev/null
		container "$1" "$image" "${@:2}" -- --keep 0 --shim seccomp \
			-- /srv/server --bind "127.0.0.1:$PORT"
		[ "$(field '.generations[0].shim')" = seccomp ]
		course
		ends 0
		pod rm web >/dev/null
	done
}

@test "container: runc, upgrades under load, kill -9, signals, and its end" {
	tried runc
}

@test "container: runc, without any right and with files that nobody can write" {
	tried runc "${HARDENED[@]}"
}

@test "container: crun, upgrades under load, kill -9, signals, and its end" {
	tried crun
}

@test "container: crun, without any right and with files that nobody can write" {
	tried crun "${HARDENED[@]}"
}

@test "container: its status is that of a server that ends, and of a refusal" {
	container runc scratch -- -l "127.0.0.1:$PORT" --restart never \
		-- /srv/server --die-after-requests 1 --exit 7
	curl -s -o answer "http://127.0.0.1:$PORT/" || true
	[ "$(pod wait web)" = 7 ]
	pod rm web >/dev/null
	rm srv/server
	pod run --name web --network host --pids-limit 0 \
		--ulimit nofile=4096:4096 --ulimit nproc=4096:4096 \
		--runtime runc scratch run -- /srv/server 2>said || true
	[ "$(pod inspect web --format '{{.State.ExitCode}}')" != 0 ]
	grep -q '/srv/server' said
}

@test "container: podman stop with QUIT waits for a request that is under way" {
	STOP_SIGNAL=QUIT container runc scratch -- -l "127.0.0.1:$PORT" \
		-- /srv/server
	curl -s -f -o answer "http://127.0.0.1:$PORT/slow?ms=2000" 3>&- &
	client=$!
	until_true field_is '.generations[0].connections' 1
	ends 0
	wait "$client"
}
