#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The static build in a system of nothing else: `make static`, as an image from
# scratch would have it.

load place

# enter_nothing: ROOT has hotswap, a server, and the two files of names.
enter_nothing() {
	ROOT=$BATS_TEST_TMPDIR/root
	mkdir "$ROOT"
	mount -t tmpfs -o mode=755 root "$ROOT"
	mkdir -p "$ROOT"/{bin,dev,etc,proc,run,srv,tmp,var/lib}
	mount -t proc proc "$ROOT/proc"
	mount --bind /dev "$ROOT/dev"
	cp "$BUILD"/static/bin/* "$ROOT/bin/"
	printf '%s\n' root:x:0:0::/:/ www:x:1234:1234::/:/ >"$ROOT/etc/passwd"
	printf '%s\n' root:x:0: www:x:1234: >"$ROOT/etc/group"
	printf '%s\n' '127.0.0.1 named.example' >"$ROOT/etc/hosts"
	cd "$ROOT/srv" || return 1
	# shellcheck disable=SC2034 # the helper's
	PORT=$(free_port)
}

# release FILE VERSION OPTIONS...: as the helper's, of a static server.
release() {
	cp "$BUILD/fixtures/server_static" "$1.new"
	printf '\nversion=%s\n' "${*:2}" >>"$1.new"
	chmod 755 "$1.new"
	mv "$1.new" "$1"
}

@test "static: the programs name no interpreter and no library" {
	for program in hotswap hotswap-probe hotswap-fleet; do
		readelf -l -d "$BUILD/static/bin/$program" >headers
		expect 1 grep -E 'INTERP|NEEDED' headers
		# Loaded at any address, as the others are.
		grep -q 'DYN ' headers
	done
}

# course OPTIONS... -- PROGRAM...: a service is upgraded, well and badly, and
# rolled back, its supervisor is killed, and no request fails.
course() {
	release server v1
	hotswap start -n web --bake 300ms "$@"
	is_version v1
	USER_ID=$(stat -c %u "/proc/$(pid_of 1)")
	load_begin --rate 200 --kept 4
	release server v2
	hotswap upgrade web
	is_version v2
	release server v3 --answer 500
	expect 1 hotswap upgrade web --start-timeout 2s
	is_version v2
	hotswap rollback web
	is_version v1
	kill -KILL "$(supervisor)"
	release server v4
	until_true hotswap upgrade web
	is_version v4
	load_end
	hotswap stop web
}

@test "static: from scratch, as root, with passed sockets and a user of /etc/passwd" {
	enter_nothing
	course -l "127.0.0.1:$PORT" --user www \
	    --health "http://named.example:$PORT/" -- /srv/server
	[ "$USER_ID" = 1234 ]
}

@test "static: from scratch, wrapped by seccomp" {
	enter_nothing
	course --shim seccomp --health "http://127.0.0.1:$PORT/" \
	    -- /srv/server --bind "127.0.0.1:$PORT"
}

@test "static: from scratch, steered by eBPF" {
	may_load || skip "this root may load no eBPF program"
	enter_nothing
	release server v1
	hotswap start -n web -l "127.0.0.1:$PORT" --steering ebpf -- /srv/server
	[ "$(field .steering.bpf)" = ebpf ]
	hotswap stop web --now
}

@test "static: --shim preload is refused with a word" {
	enter_nothing
	release server v1
	run -1 hotswap start -n web --shim preload -- /srv/server
	[[ $output == *"a static program loads no library"* ]]
	hotswap doctor >said
	grep -q '^preload library  *NO ' said
}

@test "static: checks of https are made" {
	enter_nothing
	openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out certificate \
		-subj /CN=nobody -days 2 2>/dev/null
	port=$(free_port)
	openssl s_server -accept "127.0.0.1:$port" -key key -cert certificate \
		-www -quiet >said 2>&1 3>&- &
	PIDS+=("$!")
	until_true hotswap probe "https://127.0.0.1:$port/"
	hotswap probe "https://127.0.0.1:$port/" | grep -q '^200'
}
