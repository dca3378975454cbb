#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# etcd with users: each has the rights that fleet/etcd-roles gives it.
# shellcheck disable=SC2034 # fleet.bash uses what is set here

load helper
load fleet.bash

ENGINE=etcd
ROLES=$BATS_TEST_DIRNAME/../../fleet/etcd-roles

# conf FILE HOST: as fleet.bash does it, but with the user of that name.
conf() {
	local tls=

	[ "$SCHEME" = http ] || tls="\"ca\": \"$PWD/ca.pem\",
		\"certificate\": \"$PWD/client.pem\", \"key\": \"$PWD/client.key\","
	cat >"$1" <<-JSON
		{ "engine": "etcd", "endpoints": [$ENDPOINTS], $tls
		  "user": "$2", "password": "password-of-$2",
		  "host": "$2", "lease": ${LEASE:-5} }
	JSON
	chmod 600 "$1"
}

# root COMMAND...: with the environment that etcdctl takes, and WITHIN, the time
# that it has, a minute for the sake of busy machines.
root() {
	local tls=()

	[ "$SCHEME" = http ] || tls=(ETCDCTL_CACERT="$PWD/ca.pem"
		ETCDCTL_CERT="$PWD/client.pem" ETCDCTL_KEY="$PWD/client.key")
	env ETCDCTL_API=3 ETCDCTL_USER="root:password-of-root" "${tls[@]}" \
		ETCDCTL_COMMAND_TIMEOUT="${WITHIN:-60s}" \
		ETCDCTL_ENDPOINTS="$(tr -d '"' <<<"$ENDPOINTS")" "$@"
}

# user PART NAME: a user with the rights of that part.
user() {
	echo "password-of-$2" | root "$ROLES" web "$1" "$2"
}

# is_up: a user can get a token; before there are users, etcd answers.
is_up() {
	if [ -e authenticated ]; then
		WITHIN=5s root etcdctl get / >/dev/null 2>&1
	else
		env -u ETCDCTL_USER ETCDCTL_USER= \
			curl -sf "${CURL_TLS[@]}" -o /dev/null \
			"$(tr -d '"' <<<"$ENDPOINTS")/health"
	fi
}
CURL_TLS=()

# users HOST...: a store with users: ci, op, and these hosts.
users() {
	local host

	own_cluster
	echo "password-of-root" |
		(unset ETCDCTL_USER && root env -u ETCDCTL_USER etcdctl user add \
		    root --interactive=false)
	root env -u ETCDCTL_USER etcdctl user grant-role root root
	root env -u ETCDCTL_USER etcdctl auth enable
	touch authenticated
	user driver ci
	user operator op
	for host; do
		user host "$host"
	done
	conf op.conf op
}

# denied: the store has refused it.
denied() {
	cat said
	grep -q "permission denied" said
}

@test "fleet, roles: a rollout works with the rights of each part, and no other rights" {
	users h1 h2
	hosts h1 h2
	deploy_all v2
	hotswap fleet upgrade web v2
	all_serve v2
	deploy_all v3 --exit 3
	# The host that fails halts it with its own rights.
	expect 1 hotswap fleet upgrade web v3 --json >outcome
	[ "$(gojq -r .by outcome)" = h1 ]
	deploy_all v3
	hotswap fleet resume web
	all_serve v3
	# An operator looks, sets weights, stops; but does not roll out.
	export HOTSWAP_FLEET_CONF=$PWD/op.conf
	hotswap fleet status web
	hotswap fleet weight web h1 50
	expect 77 hotswap fleet upgrade web v2 2>said
	denied
	# A host does neither.
	export HOTSWAP_FLEET_CONF=$PWD/h1/fleet.conf
	expect 77 hotswap fleet upgrade web v2 2>said
	denied
	expect 77 hotswap fleet weight web h1 0 2>said
	denied
	for key in hosts/h2 rollout running weights/h1 history/9; do
		expect 1 root ETCDCTL_USER="h1:password-of-h1" etcdctl put \
			"/hotswap/web/$key" x 2>said
		denied
	done
	all_serve v3
	# With a wrong password, or removed, nobody is anybody.
	export HOTSWAP_FLEET_CONF=$PWD/op.conf
	root "$ROLES" web remove op
	expect 77 hotswap fleet status web 2>said
	grep -q "authentication failed" said
}

@test "fleet, roles: an agent waits for its key, it does not read again and again" {
	local before

	users h1
	hosts h1
	before=$(reads)
	sleep 3 # a busy loop would read thousands of times meanwhile
	[ "$(($(reads) - before))" -lt 30 ]
}

# reads: how many ranges etcd has answered.
reads() {
	curl -s "$(tr -d '"' <<<"$ENDPOINTS")/metrics" |
		awk '/^etcd_debugging_mvcc_range_total / { print $2 }'
}

@test "fleet, roles: tokens expire, a member starts again, a user is added: the rollout goes on" {
	local driver

	ETCD_OPTIONS=(--auth-token-ttl 1)
	users h1 h2
	BAKE=3s hosts h1 h2
	deploy_all v2
	hotswap fleet upgrade web v2 >driver.log 2>&1 3>&- &
	driver=$!
	PIDS+=("$driver")
	until_true has_begun h1 v2
	kill -KILL "${MEMBERS[0]}"
	member 0
	until_true is_up
	user host h3
	expect 0 wait "$driver" || { cat driver.log; false; }
	all_serve v2
}

@test "fleet, roles: tokens that are signed: they expire, and a user is added" {
	local driver

	openssl genrsa -out jwt.key 2048 2>/dev/null
	openssl rsa -in jwt.key -pubout -out jwt.pub 2>/dev/null
	ETCD_OPTIONS=(--auth-token
		"jwt,pub-key=jwt.pub,priv-key=jwt.key,sign-method=RS256,ttl=4s")
	users h1 h2
	BAKE=3s hosts h1 h2
	deploy_all v2
	hotswap fleet upgrade web v2 >driver.log 2>&1 3>&- &
	driver=$!
	PIDS+=("$driver")
	until_true has_begun h1 v2
	user host h3
	expect 0 wait "$driver" || { cat driver.log; false; }
	all_serve v2
	run ! grep "the store: " driver.log h1/agent.log h2/agent.log
}

# certificates: a CA, a member's certificate, a client's.
certificates() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-keyout ca.key -out ca.pem -days 2 -subj /CN=ca 2>/dev/null
	local name

	for name in member client; do
		openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
			-keyout $name.key -out $name.csr -subj "/CN=$1" \
			2>/dev/null
		printf 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n' >ext
		openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca.key \
			-CAcreateserial -days 2 -extfile ext -out $name.pem \
			2>/dev/null
	done
}

@test "fleet, roles: TLS with certificates of both sides" {
	SCHEME=https
	certificates ""
	CURL_TLS=(--cacert ca.pem --cert client.pem --key client.key)
	ETCD_OPTIONS=(--cert-file member.pem --key-file member.key
		--trusted-ca-file ca.pem --client-cert-auth)
	users h1 h2
	hosts h1 h2
	deploy_all v2
	hotswap fleet upgrade web v2
	all_serve v2
	# Without a certificate, or with another CA, nobody gets in.
	gojq 'del(.certificate, .key)' ci.conf >bare.conf
	chmod 600 bare.conf
	HOTSWAP_FLEET_CONF=$PWD/bare.conf expect 69 hotswap fleet status web
	certificates other
	HOTSWAP_FLEET_CONF=$PWD/ci.conf expect 69 hotswap fleet status web
}
