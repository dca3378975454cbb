#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The control socket with bad peers: whatever a peer does, at most it loses its
# connection, while the service goes on and others are answered.

load helper

# under_load ACT [NAME=VALUE...]: a bad peer does this under load, and no user
# notices.  Afterwards the supervisor is as before, except for what it may hold
# of FORMER generations.
under_load() {
	local before

	load_begin --rate 500 --kept 4
	before=$(descriptors)
	env "${@:2}" python3 "$BATS_TEST_DIRNAME/peer.py" "$1" run/web.sock
	load_end
	hotswap status web >/dev/null
	[ "$(field .pid)" = "$SUPERVISOR" ]
	[ "$(version)" = v1 ]
	until_true is_small
	until_true has_descriptors "$before"
}

descriptors() {
	find "/proc/$(supervisor)/fd" -mindepth 1 | wc -l
}

# A client that has just hung up may have one more.
has_descriptors() {
	[ "$(descriptors)" -le $(($1 + 1 + ${FORMER:-0})) ]
}

# Less than 40 MB, unless a sanitizer keeps what is freed.
is_small() {
	[[ $BUILD == */sanitize ]] || [ "$(sed -n \
		's/^VmRSS:[[:space:]]*\([0-9]*\).*/\1/p' \
		"/proc/$(supervisor)/status")" -lt 40000 ]
}

@test "control: random bytes" {
	serve
	under_load random_bytes
}

@test "control: a message of 100 MB is not taken, nor kept" {
	serve
	under_load hundred_megabytes
}

@test "control: 10,000 nested arrays and objects" {
	serve
	under_load nested
}

@test "control: half a message, and silence" {
	serve
	under_load half_a_message
}

@test "control: 500 idle connections keep nobody else away" {
	serve
	under_load idle
}

@test "control: a peer that asks and never reads" {
	serve
	under_load deaf
}

@test "control: a peer that never reads its events" {
	serve
	FORMER=3 under_load deaf_to_events
}

@test "control: many calls at once are answered one after the other" {
	serve
	under_load pipelined
}

@test "control: a wrong type for every parameter of every method" {
	serve
	under_load wrong_types
}

@test "control: wrong values for every option of an upgrade" {
	local options

	options=$(hotswap upgrade --help | sed -nE 's/^ +(-., )?--([a-z-]+).*/\2/p' |
		grep -vxE 'help|name|no-wait|timeout|json|exe' | tr '\n' ' ')
	serve
	under_load wrong_options OPTIONS="$options"
}

@test "control: what became of a call is found by its id, over a kill -9 too" {
	serve
	python3 "$BATS_TEST_DIRNAME/peer.py" found run/web.sock
	kill -KILL "$(supervisor)"
	until_true ended_as_promoted
}

# ended_as_promoted: the call of the peer before.
ended_as_promoted() {
	python3 - run/web.sock "$BATS_TEST_DIRNAME" <<-'PYTHON'
		import sys
		sys.path.insert(0, sys.argv[2])
		import peer
		sys.exit(peer.find(peer.Peer(sys.argv[1]), "one")
		         != ("ended", "promoted"))
	PYTHON
}

@test "control: a peer that hangs up at each moment of a rollout" {
	serve --bake 100ms
	FORMER=16 under_load hang_up_in_rollouts
}

# as_nobody SETPRIV-OPTION... COMMAND...: run as a user who has no part in the
# service.  What the command needs is opened here, as this user may not pass the
# directories above.
as_nobody() {
	setpriv --reuid 65534 --regid 65534 "$@"
}

# peer_as_nobody ACT SETPRIV-OPTION...
peer_as_nobody() {
	as_nobody "${@:2}" /usr/bin/python3 - "$1" run/web.sock \
		<"$BATS_TEST_DIRNAME/peer.py"
}

@test "control: another user is not let in, even where the mode of the socket would" {
	[ "$(id -u)" = 0 ] || skip "takes root"
	serve
	cp "$BUILD/bin/hotswap" .
	run -1 peer_as_nobody permitted --clear-groups
	run -77 as_nobody --clear-groups env HOTSWAP_RUNTIME_DIR=/proc/self/cwd/run ./hotswap status web
	[[ $output == *"belongs to another user"* ]]
	chmod 711 run
	chmod 666 run/web.sock
	peer_as_nobody refused --clear-groups
	grep -q "user 65534, process [0-9]*: not permitted" run.log
	run -77 as_nobody --clear-groups env HOTSWAP_RUNTIME_DIR=/proc/self/cwd/run ./hotswap status web
	[[ $output == *"does not answer this user"* ]]
	[ "$(version)" = v1 ]
}

@test "control: --control-group lets its members in, and nobody else" {
	local group

	[ "$(id -u)" = 0 ] || skip "takes root"
	group=$(getent group games | cut -d: -f3)
	serve --control-group games
	cp "$BUILD/bin/hotswap" .
	peer_as_nobody permitted --groups "$group"
	as_nobody --groups "$group" env HOTSWAP_RUNTIME_DIR=/proc/self/cwd/run ./hotswap restart web
	run -1 peer_as_nobody permitted --clear-groups
	chmod 666 run/web.sock
	peer_as_nobody refused --clear-groups
}

# crowd UID WANTED HELD: a user, a member of the group unless it is root, opens
# WANTED connections with a call under way; HELD of them may stay.
crowd() {
	local rights=(--reuid "$1" --regid "$1" --groups "$GROUP")

	[ "$1" != 0 ] || rights=(--clear-groups)
	WANTED=$2 HELD=$3 setpriv "${rights[@]}" /usr/bin/python3 - crowd \
		run/web.sock <"$BATS_TEST_DIRNAME/peer.py" >"crowd.$1" 2>&1 3>&- &
	PIDS+=("$!")
	until_true grep -q holds "crowd.$1"
}

# owner_is_answered: root's calls are answered, each time.
owner_is_answered() {
	for _ in 1 2 3; do
		hotswap status web >/dev/null
	done
	hotswap upgrade web
}

@test "control: a member of the group that takes all connections locks nobody out" {
	[ "$(id -u)" = 0 ] || skip "takes root"
	GROUP=$(getent group games | cut -d: -f3)
	serve --control-group games
	crowd 65533 160 32
	owner_is_answered
	[ "$(cat crowd.65533)" = "holds 32" ]
	# Another member finds room as well.
	peer_as_nobody permitted --groups "$GROUP"
	hotswap stop web --now
	expect 0 wait "$SUPERVISOR"
}

@test "control: where all connections are taken, members make room for an owner" {
	[ "$(id -u)" = 0 ] || skip "takes root"
	GROUP=$(getent group games | cut -d: -f3)
	serve --control-group games
	for uid in 65530 65531 65532; do
		crowd "$uid" 40 32
	done
	crowd 65533 40 0
	[ "$(sort crowd.* | uniq -c | xargs)" = "1 holds 0 3 holds 32" ]
	crowd 0 32 32
	owner_is_answered
	hotswap stop web --now
	expect 0 wait "$SUPERVISOR"
}

@test "control: a Varlink client of others' making introspects, asks and upgrades" {
	local gocode=/usr/share/gocode

	command -v go >/dev/null || skip "takes Go"
	[ -d $gocode/src/github.com/varlink/go ] ||
		skip "takes the package golang-github-varlink-go-dev"
	GO111MODULE=off GOPATH=$gocode GOCACHE=$BUILD/go-cache \
		go build -o client "$BATS_TEST_DIRNAME/varlink_client.go"
	serve
	./client run/web.sock >said
	diff said - <<-END
		hotswap [org.varlink.service org.hotswap.Supervisor]
		org.varlink.service true
		org.hotswap.Supervisor true
		active 1
		true promoted 1 2
		active 2
		org.hotswap.Supervisor.Refused
		org.varlink.service.MethodNotFound
	END
}
