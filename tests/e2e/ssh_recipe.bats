#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The recipe of hotswap-fleet(7) for few hosts: a loop over ssh.  Each host is a
# runtime directory of its own with a service and an sshd, which knows one key
# and one command.

load helper

ROOT=$BATS_TEST_DIRNAME/../..
HOSTS=(h1 h2 h3)

setup() {
	local host

	setup_service
	takes_sshd
	CLIENTS=()
	mkdir bin "${HOSTS[@]}"
	ssh-keygen -q -t ed25519 -N '' -f ci_key
	for host in "${HOSTS[@]}"; do
		at "$host" begin
	done
	printf '#!/bin/sh\nexec %s -F %s/ssh_config "$@"\n' \
		"$(command -v ssh)" "$PWD" >bin/ssh
	chmod 755 bin/ssh
}

# takes_sshd: root's sshd has a directory of its own, which is not made where
# sshd has never run.
takes_sshd() {
	PATH=$PATH:/usr/sbin
	[ -x "$(command -v sshd)" ] || skip "takes sshd"
	SSHD=("$PWD/sshd")
	cp "$(command -v sshd)" sshd
	[ "$(id -u)" = 0 ] || return 0
	case $(getent shadow root) in
	root:!*) skip "root is locked, and this sshd asks no PAM" ;;
	esac
	unshare --mount true || skip "takes a mount namespace"
	SSHD=(unshare --mount sh -c
		'mount -t tmpfs none /run && mkdir -m 755 /run/sshd && exec "$@"'
		sh "${SSHD[@]}")
}

# at HOST COMMAND...: in its directory, with its service.
at() {
	local here=$PWD status=0

	cd "$BATS_TEST_TMPDIR/$1" || return
	export HOTSWAP_RUNTIME_DIR=$PWD/run HOTSWAP_STATE_DIR=$PWD/state
	PORT=$(cat port 2>/dev/null) || true
	"${@:2}" || status=$?
	cd "$here" || return
	return $status
}

# begin: the service of this host, and its sshd.
begin() {
	local host=${PWD##*/} port

	release server v1
	serve
	echo "$PORT" >port
	port=$(free_port)
	ssh-keygen -q -t ed25519 -N '' -f host_key
	printf 'restrict,command="%s hotswap upgrade web" %s\n' \
		"env PATH=$PATH HOTSWAP_RUNTIME_DIR=$HOTSWAP_RUNTIME_DIR" \
		"$(cat ../ci_key.pub)" >authorized_keys
	cat >sshd_config <<-END
		ListenAddress 127.0.0.1:$port
		HostKey $PWD/host_key
		PidFile none
		AuthorizedKeysFile $PWD/authorized_keys
		StrictModes no
		UsePAM no
		PasswordAuthentication no
		KbdInteractiveAuthentication no
		PermitRootLogin forced-commands-only
	END
	"${SSHD[@]}" -D -e -f "$PWD/sshd_config" >sshd.log 2>&1 3>&- </dev/null &
	PIDS+=("$!")
	until_true grep -q listening sshd.log
	echo "[127.0.0.1]:$port $(cat host_key.pub)" >>../known_hosts
	cat >>../ssh_config <<-END
		Host $host
		Hostname 127.0.0.1
		Port $port
		User $(id -un)
		IdentityFile $BATS_TEST_TMPDIR/ci_key
		IdentitiesOnly yes
		UserKnownHostsFile $BATS_TEST_TMPDIR/known_hosts
		StrictHostKeyChecking yes
		BatchMode yes
		LogLevel ERROR
	END
}

# the_recipe: print the loop of the manual page.
the_recipe() {
	sed -n 's/^ci\$ \(for h in .*\)/\1/p' "$ROOT/man/hotswap-fleet.7"
}

recipe() {
	PATH=$PWD/bin:$PATH bash -c "$(the_recipe)" 2>&1
}

# everywhere COMMAND...: on each host.
everywhere() {
	local host

	for host in "${HOSTS[@]}"; do
		at "$host" "$@" || return
	done
}

load_here() {
	load_begin --rate 100 --kept 2 --pause 20ms
	CLIENTS+=("$CLIENT")
}

load_stop() {
	CLIENT=${CLIENTS[0]}
	CLIENTS=("${CLIENTS[@]:1}")
	load_end
}

# versions: print the version of each host.
versions() {
	everywhere version | xargs
}

@test "ssh recipe: the manual has one loop" {
	[ "$(the_recipe)" = 'for h in h1 h2 h3; do ssh "$h" hotswap upgrade web || exit; done' ]
}

@test "ssh recipe: a good release gets to each host, and no request fails" {
	everywhere load_here
	everywhere release server v2
	recipe
	[ "$(versions)" = "v2 v2 v2" ]
	everywhere load_stop
}

@test "ssh recipe: the first host that refuses the release ends it, and no request fails" {
	everywhere load_here
	everywhere release server v2
	at h2 release server v2 --exit 3
	expect 1 recipe >said
	cat said
	grep -q "exited with status 3" said
	[ "$(versions)" = "v2 v1 v1" ]
	at h3 field_is '.generations | length' 1
	everywhere load_stop
}

@test "ssh recipe: a host that cannot be reached ends it" {
	everywhere release server v2
	sed -i '/^Host h2/,/Port/s/Port .*/Port 1/' ssh_config
	expect 255 recipe
	[ "$(versions)" = "v2 v1 v1" ]
}

@test "ssh recipe: the key does nothing else, whatever the client asks for" {
	at h1 release server v2
	# shellcheck disable=SC2029 # it is what the client asks for
	bin/ssh h1 "touch $PWD/broken_in; hotswap stop web"
	[ ! -e broken_in ]
	[ "$(at h1 version)" = v2 ]
	# Neither forwarding nor a terminal.
	expect 255 bin/ssh -o ExitOnForwardFailure=yes -W "127.0.0.1:1" h1
	bin/ssh -tt h1 2>&1 | tee said
	grep -q "PTY allocation request failed" said
}

@test "ssh recipe: an upgrade goes on when the connection is lost, and is not begun twice" {
	at h1 release server v2
	sed -i 's/upgrade web/& --bake 1m/' h1/authorized_keys
	bin/ssh h1 >/dev/null 2>&1 3>&- &
	PIDS+=("$!")
	until_true at h1 is_version v2
	kill "${PIDS[-1]}"
	wait "${PIDS[-1]}" || true
	expect 2 recipe
	[ "$(versions)" = "v2 v1 v1" ]
	at h1 field '.generations[] | [.number, .role]'
	at h1 field_is '.generations | map(select(.role == "candidate")) | length' 1
}
