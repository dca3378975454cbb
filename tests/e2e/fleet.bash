# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# shellcheck disable=SC2034 # the tests use what is set here
#
# A fleet on this machine: members of a real store, and hosts that are a
# directory each, with a supervisor, an agent and releases of their own.

SCHEME=http	 # of etcd's members
ETCD_OPTIONS=() # and more options of theirs

# member N: run member N of the cluster; MEMBERS has the PIDs.
member() {
	"member_$ENGINE" "$1" >>"store/m$1.out" 2>&1 3>&- &
	MEMBERS[$1]=$!
	PIDS+=("$!")
}

member_etcd() {
	local i=$1 peers="" j

	for ((j = 0; j < ${#CLIENT_PORTS[@]}; j++)); do
		peers+="${peers:+,}m$j=http://127.0.0.1:${PEER_PORTS[j]}"
	done
	exec etcd --name "m$i" --data-dir "store/m$i" --log-level error \
		--logger zap --log-outputs "store/m$i.log" \
		--listen-client-urls "$SCHEME://127.0.0.1:${CLIENT_PORTS[i]}" \
		--advertise-client-urls "$SCHEME://127.0.0.1:${CLIENT_PORTS[i]}" \
		--listen-peer-urls "http://127.0.0.1:${PEER_PORTS[i]}" \
		--initial-advertise-peer-urls "http://127.0.0.1:${PEER_PORTS[i]}" \
		--initial-cluster "$peers" --initial-cluster-state new \
		--heartbeat-interval 100 --election-timeout 1000 \
		"${ETCD_OPTIONS[@]}"
}

member_zookeeper() {
	local i=$1 j

	mkdir -p "store/m$i"
	echo "$((i + 1))" >"store/m$i/myid"
	{
		echo "tickTime=500"
		echo "initLimit=20"
		echo "syncLimit=10"
		echo "maxSessionTimeout=60000"
		echo "minSessionTimeout=1000"
		echo "dataDir=$PWD/store/m$i"
		echo "clientPort=${CLIENT_PORTS[i]}"
		echo "clientPortAddress=127.0.0.1"
		echo "admin.enableServer=false"
		echo "4lw.commands.whitelist=srvr"
		[ "${#CLIENT_PORTS[@]}" = 1 ] ||
			for ((j = 0; j < ${#CLIENT_PORTS[@]}; j++)); do
				echo "server.$((j + 1))=127.0.0.1:${PEER_PORTS[j]}:${VOTE_PORTS[j]}"
			done
	} >"store/m$i.cfg"
	exec java -Xmx64m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC \
		-Dzookeeper.jmx.log4j.disable=true \
		-cp /usr/share/java/zookeeper.jar \
		org.apache.zookeeper.server.quorum.QuorumPeerMain \
		"store/m$i.cfg"
}

# cluster [N]: N members of the store ENGINE, one if nothing is said; ENDPOINTS
# has them.
cluster() {
	local i

	case $ENGINE in
	etcd) command -v etcd >/dev/null || skip "takes etcd" ;;
	zookeeper)
		[ -e /usr/share/java/zookeeper.jar ] || skip "takes ZooKeeper"
		ldd "$BUILD/bin/hotswap-fleet" | grep -q libzookeeper ||
			skip "takes a build with libzookeeper"
		;;
	esac
	export ETCDCTL_API=3
	mkdir -p store
	CLIENT_PORTS=() PEER_PORTS=() VOTE_PORTS=() MEMBERS=() ENDPOINTS=""
	for ((i = 0; i < ${1:-1}; i++)); do
		CLIENT_PORTS[i]=$(free_port)
		PEER_PORTS[i]=$(free_port)
		VOTE_PORTS[i]=$(free_port)
	done
	endpoints "${CLIENT_PORTS[@]}"
	for ((i = 0; i < ${1:-1}; i++)); do
		member "$i"
	done
	DEADLINE=30 until_true is_up
}

# endpoints PORT...: ENDPOINTS is these.
endpoints() {
	local port

	ENDPOINTS=""
	for port; do
		[ "$ENGINE" = zookeeper ] || port="$SCHEME://127.0.0.1:$port"
		[ "$ENGINE" = etcd ] || port="127.0.0.1:$port"
		ENDPOINTS+="${ENDPOINTS:+,}\"$port\""
	done
}

# is_up: the store has a quorum, whichever member is asked.
is_up() {
	local i

	conf up.conf up
	for i in 1 2 3 4; do
		HOTSWAP_FLEET_CONF=$PWD/up.conf timeout 10 \
			hotswap fleet status up >/dev/null 2>&1 || return 1
	done
}

# ctl ARG...: etcdctl, to any of the members.
ctl() {
	etcdctl --endpoints "$(tr -d '"' <<<"$ENDPOINTS")" "$@"
}

# key NAME: the value of a key of the service `web`, etcd.
key() {
	ctl get --print-value-only "/hotswap/web/$1"
}

# conf FILE HOST: where the store is, for this host.
conf() {
	cat >"$1" <<-JSON
		{ "engine": "$ENGINE", "endpoints": [$ENDPOINTS],
		  "host": "$2", "lease": ${LEASE:-5} }
	JSON
	chmod 600 "$1"
}

# on HOST COMMAND...: with the directories of that host.
on() {
	env "${ON[@]//HOST/$PWD/$1}" "${@:2}"
}
# In the background env is used itself, so that its PID is the command's.
ON=(HOTSWAP_RUNTIME_DIR=HOST/run HOTSWAP_STATE_DIR=HOST/state
	HOTSWAP_FLEET_CONF=HOST/fleet.conf)

# deploy HOST RELEASE OPTIONS...: the release's server, of that version.
deploy() {
	mkdir -p "$1/releases/$2"
	release "$1/releases/$2/server" "$2" "${@:3}"
}

# agent HOST OPTIONS...: run the agent of the host; its PID is in HOST/agent.
agent() {
	local host=$1

	shift
	env "${ON[@]//HOST/$PWD/$host}" hotswap fleet agent web \
		--exe "$PWD/$host/releases/{release}/server" \
		--link "$PWD/$host/current" "$@" \
		>>"$host/agent.log" 2>&1 3>&- &
	echo $! >"$host/agent"
	PIDS+=("$!")
}

# supervise HOST: run v1 of the service on the host, at its port, with the
# options SERVE; URL stands for its address in them.
supervise() {
	local host=$1 url

	url=http://127.0.0.1:$(cat "$host/port")/
	env "${ON[@]//HOST/$PWD/$host}" hotswap run -n web -l "127.0.0.1:$(cat "$host/port")" \
		--bake "${BAKE:-50ms}" --keep 1m "${SERVE[@]//URL/$url}" -- \
		"$PWD/$host/releases/v1/server" >>"$host/run.log" 2>&1 3>&- &
	echo $! >"$host/supervisor"
	PIDS+=("$!")
}

# hosts NAME...: hosts that serve v1, with their agents, which have the options
# AGENT, where HOST stands for the host's name; HOSTS has the names.
hosts() {
	local host

	HOSTS=("$@")
	conf ci.conf ci
	export HOTSWAP_FLEET_CONF=$PWD/ci.conf
	for host; do
		mkdir -p "$host"
		free_port >"$host/port"
		conf "$host/fleet.conf" "$host"
		deploy "$host" v1
		ln -s "$PWD/$host/releases/v1" "$host/current"
		supervise "$host"
	done
	for host; do
		until_true on "$host" hotswap wait web --for ready \
			--timeout 5s 2>/dev/null
		agent "$host" --address "127.0.0.1:$(cat "$host/port")" \
			"${AGENT[@]//HOST/$host}"
	done
	until_true are_registered "$#"
	for host; do
		load_host "$host"
	done
}

# load_host HOST: clients of the host until `unharmed`, in the background.
load_host() {
	"$BUILD/load" --control "$1/steer" --rate 50 --kept 2 \
		"127.0.0.1:$(cat "$1/port")" >"$1/load.json" 3>&- &
	echo $! >"$1/load"
	PIDS+=("$!")
	until_true test -p "$1/steer"
}

# unharmed [HOST...]: no request to these hosts, or to any, has failed.
unharmed() {
	local host

	[ $# -gt 0 ] || set -- "${HOSTS[@]}"
	for host; do
		echo stop >"$host/steer"
		wait "$(cat "$host/load")" || {
			echo "requests to $host have failed:"
			jq -c 'del(.phases)' "$host/load.json" | cut -c1-600
			return 1
		}
	done
}

# are_registered N: so many agents live.
are_registered() {
	[ "$(hotswap fleet status web --json |
		jq '[.hosts[] | select(.alive)] | length')" = "$1" ]
}

# deploy_all RELEASE OPTIONS...: to all hosts.
deploy_all() {
	local host

	for host in "${HOSTS[@]}"; do
		deploy "$host" "$@"
	done
}

# serves HOST: the version that answers there.
serves() {
	curl -s -m 5 -o /dev/null -D - "http://127.0.0.1:$(cat "$1/port")/" |
		sed -n 's/^X-Version: //ip' | tr -d '\r'
}

# all_serve VERSION [HOST...]: these hosts, or all of them.
all_serve() {
	local version=$1 host

	shift
	[ $# -gt 0 ] || set -- "${HOSTS[@]}"
	for host; do
		[ "$(serves "$host")" = "$version" ] || {
			echo "$host serves $(serves "$host"), not $version"
			return 1
		}
	done
}

# step_of HOST: how far the host is in the present rollout.
step_of() {
	hotswap fleet status web --json |
		jq -r --arg host "$1" '.hosts[] | select(.host == $host).step'
}

# has_step HOST STEP
has_step() {
	[ "$(step_of "$1")" = "$2" ]
}

# has_begun HOST RELEASE: its agent has begun the release with its supervisor.
# A host that is only claimed begins nothing if the store goes now, or if the
# rollout is stopped now.
has_begun() {
	grep -q "rollout .*: $2 is rolled out" "$1/agent.log"
}

# proxied HOST: the host reaches the store by a network of its own, which is cut
# while the file HOST/CUT exists.
proxied() {
	local port

	port=$(free_port)
	python3 "$BATS_TEST_DIRNAME/proxy.py" "$port" "${CLIENT_PORTS[0]}" \
		"$1" 3>&- &
	PIDS+=("$!")
	until_true listens "$port"
	(endpoints "$port" && conf "$1/fleet.conf" "$1")
	kill -KILL "$(cat "$1/agent")"
	DEADLINE=20 until_true is_alive "$1" false
	agent "$1"
	until_true is_alive "$1" true
}

# listens PORT: somebody does.
listens() {
	(exec 4<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# is_alive HOST true|false: its agent.
is_alive() {
	[ "$(hotswap fleet status web --json | jq --arg host "$1" \
	    '.hosts[] | select(.host == $host).alive')" = "$2" ]
}
