# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# shellcheck disable=SC2034 # the tests use what is set here
#
# A fleet on this machine: members of a real store, and hosts that are a
# directory each, with a supervisor, an agent and releases of their own.

SCHEME=http	 # of etcd's members
ETCD_OPTIONS=() # and more options of theirs
declare -gA LEASES=() # seconds, of hosts that have another than LEASE
export ETCDCTL_API=3

# member N: run member N of the cluster in STORE; MEMBERS has the PIDs.
member() {
	(cd "$STORE/.." && "member_$ENGINE" "$1") >>"$STORE/m$1.out" 2>&1 3>&- &
	MEMBERS[$1]=$!
	echo "$!" >"$STORE/m$1.pid"
	[ "$STORE" != "$PWD/store" ] || PIDS+=("$!")
}

# Nobody needs the data after the machine has failed, so that no member waits for
# the disk.
member_etcd() {
	local i=$1 peers="" j

	for ((j = 0; j < ${#CLIENT_PORTS[@]}; j++)); do
		peers+="${peers:+,}m$j=http://127.0.0.1:${PEER_PORTS[j]}"
	done
	exec etcd --name "m$i" --data-dir "$STORE/m$i" --log-level error \
		--logger zap --log-outputs "$STORE/m$i.log" --unsafe-no-fsync --bcrypt-cost 4 \
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

	mkdir -p "$STORE/m$i"
	echo "$((i + 1))" >"$STORE/m$i/myid"
	{
		echo "tickTime=500"
		echo "initLimit=20"
		echo "syncLimit=10"
		echo "maxSessionTimeout=60000"
		echo "minSessionTimeout=1000"
		echo "dataDir=$STORE/m$i"
		echo "clientPort=${CLIENT_PORTS[i]}"
		echo "clientPortAddress=127.0.0.1"
		echo "admin.enableServer=false"
		echo "4lw.commands.whitelist=srvr"
		[ "${#CLIENT_PORTS[@]}" = 1 ] ||
			for ((j = 0; j < ${#CLIENT_PORTS[@]}; j++)); do
				echo "server.$((j + 1))=127.0.0.1:${PEER_PORTS[j]}:${VOTE_PORTS[j]}"
			done
	} >"$STORE/m$i.cfg"
	exec java -Xmx64m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC \
		-Dzookeeper.jmx.log4j.disable=true -Dzookeeper.forceSync=no \
		-cp /usr/share/java/zookeeper.jar \
		org.apache.zookeeper.server.quorum.QuorumPeerMain \
		"$STORE/m$i.cfg"
}

# cluster [N]: N members of the store ENGINE, one if nothing is said, without a
# key; ENDPOINTS has them.  All tests of the file have the same members, each
# test after the other: what a test has stopped goes on for the next, and what
# it has killed is started again.
cluster() {
	STORE=$BATS_FILE_TMPDIR/store${1:-1}
	if [ -e "$STORE/ports" ]; then
		known_members
	else
		new_members "${1:-1}"
	fi
	endpoints "${CLIENT_PORTS[@]}"
	until_true is_up
	"empty_$ENGINE"
}

# own_cluster: one member with ETCD_OPTIONS, which ends with the test.
own_cluster() {
	STORE=$PWD/store
	new_members 1
	endpoints "${CLIENT_PORTS[@]}"
	until_true is_up
}

# new_members N: begin them.
new_members() {
	local i

	case $ENGINE in
	etcd) command -v etcd >/dev/null || skip "takes etcd" ;;
	zookeeper)
		[ -e /usr/share/java/zookeeper.jar ] || skip "takes ZooKeeper"
		ldd "$BUILD/bin/hotswap-fleet" | grep -q libzookeeper ||
			skip "takes a build with libzookeeper"
		;;
	esac
	mkdir -p "$STORE"
	CLIENT_PORTS=() PEER_PORTS=() VOTE_PORTS=() MEMBERS=()
	for ((i = 0; i < $1; i++)); do
		CLIENT_PORTS[i]=$(free_port)
		PEER_PORTS[i]=$(free_port)
		VOTE_PORTS[i]=$(free_port)
	done
	{
		echo "CLIENT_PORTS=(${CLIENT_PORTS[*]})"
		echo "PEER_PORTS=(${PEER_PORTS[*]})"
		echo "VOTE_PORTS=(${VOTE_PORTS[*]})"
	} >"$STORE/ports"
	for ((i = 0; i < $1; i++)); do
		member "$i"
	done
}

known_members() {
	local i

	# shellcheck disable=SC1091 # new_members wrote it
	. "$STORE/ports"
	MEMBERS=()
	for ((i = 0; i < ${#CLIENT_PORTS[@]}; i++)); do
		MEMBERS[i]=$(<"$STORE/m$i.pid")
		kill -CONT "${MEMBERS[i]}" 2>/dev/null || member "$i"
	done
}

# empty_etcd, empty_zookeeper: remove all that hotswap has in the store.
empty_etcd() {
	ctl del --prefix /hotswap/ >/dev/null
}

empty_zookeeper() {
	python3 -IS "$BATS_TEST_DIRNAME/zookeeper_empty.py" "${CLIENT_PORTS[0]}" \
		/hotswap
}

# The members that the tests of the file had.
teardown_file() {
	local file

	for file in "$BATS_FILE_TMPDIR"/store*/m*.pid; do
		[ ! -e "$file" ] || kill -KILL "$(<"$file")" 2>/dev/null || true
	done
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

# is_up: each member answers, which takes a quorum.
is_up() {
	local port

	for port in "${CLIENT_PORTS[@]}"; do
		(endpoints "$port" && conf up.conf up)
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
	(
		umask 077
		printf '{ "engine": "%s", "endpoints": [%s],
			"host": "%s", "lease": %d }\n' \
			"$ENGINE" "$ENDPOINTS" "$2" \
			"${LEASES[$2]:-${LEASE:-5}}" >"$1"
	)
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

	url=http://127.0.0.1:$(<"$host/port")/
	env "${ON[@]//HOST/$PWD/$host}" hotswap run -n web -l "127.0.0.1:$(<"$host/port")" \
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
		agent "$host" --address "127.0.0.1:$(<"$host/port")" \
			"${AGENT[@]//HOST/$host}"
	done
	until_true are_registered "$#"
	for host; do
		load_host "$host"
	done
}

# load_host HOST: clients of the host until `unharmed`, in the background.
load_host() {
	"$BUILD/load" --control "$1/steer" --timeout 60s --rate 20 --kept 2 \
		--pause 200ms "127.0.0.1:$(<"$1/port")" >"$1/load.json" 3>&- &
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
		wait "$(<"$host/load")" || {
			echo "requests to $host have failed:"
			gojq -c 'del(.phases)' "$host/load.json" | cut -c1-600
			return 1
		}
	done
}

# are_registered N: so many agents live.
are_registered() {
	[ "$(hotswap fleet status web --json |
		gojq '[.hosts[] | select(.alive)] | length')" = "$1" ]
}

# deploy_all RELEASE OPTIONS...: to all hosts.
deploy_all() {
	local host

	release one-for-all "$@"
	for host in "${HOSTS[@]}"; do
		# It makes folders, and takes another inode's place.
		install -D -m 755 one-for-all "$host/releases/$1/server"
	done
}

# serves HOST: print the version that answers there.
serves() {
	local line

	curl -s -m 30 -o /dev/null -D - "http://127.0.0.1:$(<"$1/port")/" |
		while read -r line; do
			[[ ${line,,} != x-version:* ]] || {
				line=${line#*: }
				echo "${line%$'\r'}"
			}
		done
}

# all_serve VERSION [HOST...]: these hosts, or all of them.
all_serve() {
	local version=$1 host served

	shift
	[ $# -gt 0 ] || set -- "${HOSTS[@]}"
	for host; do
		served=$(serves "$host")
		[ "$served" = "$version" ] || {
			echo "$host serves $served, not $version"
			return 1
		}
	done
}

# step_of HOST: how far the host is in the present rollout.
step_of() {
	hotswap fleet status web --json |
		gojq -r --arg host "$1" '.hosts[] | select(.host == $host).step'
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
	kill -KILL "$(<"$1/agent")"
	until_true is_alive "$1" false
	agent "$1"
	until_true is_alive "$1" true
}

# listens PORT: somebody does.
listens() {
	(exec 4<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# is_alive HOST true|false: its agent.
is_alive() {
	[ "$(hotswap fleet status web --json | gojq --arg host "$1" \
	    '.hosts[] | select(.host == $host).alive')" = "$2" ]
}
