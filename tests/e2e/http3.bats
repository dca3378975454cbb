#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# HTTP/3: QUIC connections live through upgrades and rollbacks of Caddy, and
# with ngtcp2's server also when a client's port changes.  ROUNDS=N sets the
# number of upgrades.

load helper

ROUNDS=${ROUNDS:-3}
GOCODE=/usr/share/gocode

setup() {
	setup_service
	hotswap doctor --json >doctor.json || true
	gojq -e '.features[] | select(.name == "eBPF steering").state == "present"' \
		doctor.json >/dev/null || skip "eBPF is not permitted here"
	PORT=$(free_port)
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-keyout key.pem -out cert.pem -days 2 -subj /CN=localhost \
		2>/dev/null
}

# build_client: build the client; skip the test if its parts are missing.
build_client() {
	command -v caddy >/dev/null || skip "takes Caddy"
	command -v go >/dev/null || skip "takes Go"
	[ -d $GOCODE/src/github.com/lucas-clemente/quic-go ] ||
		skip "takes golang-github-lucas-clemente-quic-go-dev"
	GO111MODULE=off GOPATH=$GOCODE GOCACHE=$BUILD/go-cache \
		go build -o client "$BATS_TEST_DIRNAME/http3_client.go"
}

# caddyfile VERSION: write a configuration whose answers are VERSION.
caddyfile() {
	cat >"Caddyfile.$1" <<-END
		{
			admin off
			auto_https off
			servers :$PORT {
				protocols h1 h2 h3
			}
		}
		https://127.0.0.1:$PORT, https://localhost:$PORT {
			tls $PWD/cert.pem $PWD/key.pem
			respond "$1"
		}
	END
}

# upgrade_to VERSION: upgrade to a Caddy that answers VERSION.
upgrade_to() {
	caddyfile "$1"
	hotswap upgrade web -- "$(command -v caddy)" run --config "Caddyfile.$1"
}

# clients COUNT: start COUNT clients, each with one connection.
clients() {
	./client "127.0.0.1:$PORT" "$1" control 3>&- >client.log 2>&1 &
	PIDS+=("$!")
	until_true test -p control
}

# mark COUNT: wait until the clients have made COUNT requests since the last
# mark; FAILED counts those that have failed.
mark() {
	REQUESTS=0
	until_true enough "$1"
}

enough() {
	sleep 0.2
	rm -f seen.json
	echo "mark seen.json" >control
	until_true test -e seen.json
	cat seen.json
	FAILED=$((${FAILED:-0} + $(field .failed seen.json)))
	REQUESTS=$((REQUESTS + $(field .requests seen.json)))
	[ "$REQUESTS" -ge "$1" ]
}

@test "http3: QUIC connections of Caddy live through upgrades and rollbacks" {
	export HOME=$PWD XDG_DATA_HOME=$PWD XDG_CONFIG_HOME=$PWD
	build_client
	caddyfile v1
	hotswap run -n web --bake 200ms --keep 1m --drain-timeout 10m \
		--udp-idle 1m -- "$(command -v caddy)" run --config Caddyfile.v1 \
		>>run.log 2>&1 3>&- &
	SUPERVISOR=$!
	PIDS+=("$SUPERVISOR")
	until_true hotswap wait web --for ready --timeout 10s 2>/dev/null
	clients 20
	mark 40
	[ "$(field .answers.v1 seen.json)" -gt 0 ]
	for ((n = 2; n <= ROUNDS + 1; n++)); do
		upgrade_to "v$n"
		mark 40
		if ((n == 3)); then
			hotswap rollback web
			mark 40
		fi
	done
	[ "$FAILED" = 0 ]
	# All clients still have their first connection, with the first generation.
	[ "$(field '.answers | keys | join(" ")' seen.json)" = v1 ]
	[ "$(field .dials seen.json)" = 0 ]
	# A new client gets the newest generation.
	echo stop >control
	rm control
	clients 1
	mark 2
	[ "$(field '.answers | keys | join(" ")' seen.json)" = "v$((n - 1))" ]
}

# fetch DIRECTORY [OPTION]: get /who by HTTP/3 into the directory.
fetch() {
	mkdir "$1"
	timeout 30 gtlsclient -q --exit-on-all-streams-close --download="$1" \
		"${@:2}" 127.0.0.1 "$PORT" https://localhost/who
}

# version_is VERSION: does a new client get the answer VERSION?
version_is() {
	rm -rf new
	fetch new && [ "$(cat new/who)" = "$1" ]
}

# quic_server VERSION: set PROGRAM to a server that answers VERSION.
quic_server() {
	mkdir -p "$1"
	echo "$1" >"$1/who"
	PROGRAM=(/usr/sbin/gtlsserver -q -d "$1" 127.0.0.1 "$PORT" key.pem cert.pem)
}

@test "http3: a client whose port changes while its server is upgraded goes on" {
	[ -x /usr/sbin/gtlsserver ] || skip "takes ngtcp2-server"
	command -v gtlsclient >/dev/null || skip "takes ngtcp2-client"
	quic_server v1
	hotswap run -n web --bake 200ms --keep 1m --udp-idle 1m -- \
		"${PROGRAM[@]}" >>run.log 2>&1 3>&- &
	SUPERVISOR=$!
	PIDS+=("$SUPERVISOR")
	until_true hotswap wait web --for ready --timeout 10s 2>/dev/null
	# Each client changes its port after 3 s, when the upgrade has begun, and
	# sends its request after 5 s.
	for n in 1 2 3 4 5; do
		fetch "old.$n" --change-local-addr=3s --nat-rebinding \
			--delay-stream=5s 3>&- &
		CLIENTS+=("$!")
	done
	until_true field_is '.generations[0].flows >= 5' true
	quic_server v2
	hotswap upgrade web -- "${PROGRAM[@]}"
	until_true version_is v2
	for n in 1 2 3 4 5; do
		wait "${CLIENTS[n - 1]}"
		[ "$(cat "old.$n/who")" = v1 ]
	done
}
