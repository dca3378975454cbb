# SPDX-License-Identifier: ISC
# shellcheck shell=sh
# To be sourced: services as people use them, each with a line of TAP.

BUILD=/hotswap
PORT=8000

# until_true COMMAND...: an emulated machine is slow.
until_true() {
	deadline=$(($(date +%s) + 90))
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s)" -lt $deadline ] || {
			echo "never came true: $*"
			return 1
		}
		sleep 0.1
	done
}

# release VERSION: install the server of this version, as a deployment does.
release() {
	cp $BUILD/fixtures/server server.new
	printf '\nversion=%s\n' "$1" >>server.new
	chmod 755 server.new
	mv server.new server
}

field() {
	hotswap status web --json | jq -r -c "$1"
}

is() {
	found=$(field "$1")
	[ "$found" = "$2" ] || {
		echo "$1 is $found, not $2"
		return 1
	}
}

version_is() {
	found=$(curl -sS -m 30 -o /dev/null -D - "http://127.0.0.1:$PORT/" \
		2>curl.err | sed -n 's/^X-Version: //ip' | tr -d '\r')
	[ "$found" = "$1" ] || {
		echo "the version that answers is $found, not $1; $(cat curl.err)"
		return 1
	}
}

# enter: a directory of its own for a service, and a port.
enter() {
	PORT=$((PORT + 1))
	directory=$(mktemp -d)
	chmod 755 "$directory"
	cd "$directory" || return 1
	export HOTSWAP_RUNTIME_DIR="$directory/run"
	export HOTSWAP_STATE_DIR="$directory/state"
	LOAD=
	REQUESTS=0
	BEGAN=$(date +%s)
}

# begin OPTIONS... -- PROGRAM...: the service is ready on return.
begin() {
	release v1
	hotswap run -n web --bake 500ms --keep 5m --start-timeout 60s \
		--health-timeout 30s --udp-idle 60s "$@" >run.log 2>&1 &
	KEEPER=$!
	until_true hotswap wait web --for ready --timeout 60s
}

# load OPTIONS...: on the service, until load_end; fails if a request fails.
load() {
	$BUILD/load --timeout 30s --control steer "$@" >load.json 2>load.err &
	LOAD=$!
	until_true test -p steer
}

load_end() {
	loaded=$LOAD
	LOAD=
	echo stop >steer
	wait "$loaded" || {
		echo "$(jq -r '"of \(.requests) requests \(.refused) were refused, \(.reset) reset, \(.timed_out) timed out, \(.truncated + .wrong + .client) failed otherwise"' load.json) $(cat load.err)"
		return 1
	}
	REQUESTS=$(jq .requests load.json)
}

other_supervisor() {
	now=$(field .supervisor) && [ -n "$now" ] && [ "$now" != "$1" ]
}

# The supervisor dies, and its successor has the service.
supervisor_kill() {
	before=$(field .supervisor)
	kill -KILL "$before"
	until_true other_supervisor "$before" &&
		until_true hotswap wait web --for ready --timeout 60s
}

# upgrade VERSION
upgrade() {
	release "$1"
	hotswap upgrade web --timeout 5m 2>&1
}

chosen_as_wanted() {
	case $* in
	*classic*) is .steering.bpf classic ;;
	*auto*)
		if [ "$(id -u)" = 0 ]; then
			is .steering.bpf ebpf
		else
			is .steering.bpf classic
		fi
		;;
	esac
}

course() {
	load --rate "${RATE:-50}" --kept 4 "127.0.0.1:$PORT" || return
	upgrade v2 && version_is v2 || return
	hotswap rollback web 2>&1 && version_is v1 || return
	supervisor_kill && version_is v1 || return
	upgrade v3 && version_is v3 || return
	load_end
}

# end LABEL STATUS: end the service, and print a line of TAP.
end() {
	if [ "$2" = 0 ]; then
		echo "ok $1, $REQUESTS requests, 0 failed," \
			"$(($(date +%s) - BEGAN)) s"
	else
		sed 's/^/# /' said
		[ -z "$LOAD" ] || load_end >load.said 2>&1
		sed 's/^/# load: /' load.said 2>/dev/null
		tail -n 40 run.log | sed 's/^/# | /'
		hotswap doctor --json 2>/dev/null | jq -c '.features[] |
			select(.state != "present") | [.name, .state, .detail]' |
			sed 's/^/# doctor: /'
		echo "not ok $1: $(tail -n 1 said)"
	fi
	timeout 60 hotswap stop web >/dev/null 2>&1 || kill -KILL "$KEEPER"
	wait "$KEEPER" 2>/dev/null
	cd /
	rm -rf "$directory"
}

# session LABEL OPTIONS...: the server binds its address itself.  It is
# upgraded, rolled back, its supervisor is killed, and it is upgraded again.
session() {
	label=$1
	shift
	enter
	begin "$@" -- ./server --bind "127.0.0.1:$PORT" >said 2>&1 &&
		chosen_as_wanted "$@" >>said 2>&1 && course >>said 2>&1
	end "$label" $?
}

# flows LABEL OPTIONS...: flows of UDP through an upgrade.  With eBPF they stay
# with the generation that they began with.
flows() {
	label=$1
	shift
	enter
	begin "$@" -l "udp:127.0.0.1:$PORT" -- ./server >said 2>&1 &&
		chosen_as_wanted "$@" >>said 2>&1 && course_of_flows >>said 2>&1
	end "$label" $?
}

course_of_flows() {
	load --rate 0 --kept 20 --pause 50ms "udp:127.0.0.1:$PORT" || return
	sleep 2
	upgrade v2 || return
	sleep 2
	if [ "$(field .steering.bpf)" = ebpf ]; then
		is '.generations[0].flows' 20 && is '.generations[1].given' 0 ||
			return
	fi
	load_end
}
