#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The directors of fleet/directors, each with the balancer that it is for:
# programs as Debian has them.  Weights are seen by counting answers.  LVS is
# in the kernel: tests/kernels/guest_lvs.sh.

load helper
load fleet.bash

# shellcheck disable=SC2034 # fleet.bash uses it
ENGINE=etcd
DIRECTORS=$BATS_TEST_DIRNAME/../../fleet/directors

setup() {
	setup_service
	declare -gA AT=() SHARE=()
}

# own PROGRAM: print the path of a copy of it, which ends with the test.
own() {
	mkdir -p own
	cp "$(PATH=$PATH:/usr/sbin:/sbin command -v "$1")" own/
	echo "$PWD/own/$1"
}

# takes PROGRAM...
takes() {
	local program

	for program; do
		PATH=$PATH:/usr/sbin:/sbin command -v "$program" >/dev/null ||
			skip "takes $program"
	done
}

# begin COMMAND...: run it beside the test.
begin() {
	"$@" >>balancer.log 2>&1 3>&- </dev/null &
	BALANCER=$!
	PIDS+=("$BALANCER")
}

answers() {
	curl -s -f -m 5 -o /dev/null "http://$1/"
}

# host NAME...: a server for each, whose version is its name.
host() {
	local name

	for name; do
		release "$name.server" "$name"
		AT[$name]=${ADDRESS:-127.0.0.1}:$(free_port)
		"./$name.server" --bind "${AT[$name]}" >"$name.log" 2>&1 3>&- &
		PIDS+=("$!")
		until_true answers "${AT[$name]}"
	done
}

# names_of_hosts: print them.
names_of_hosts() {
	printf '%s\n' "${!AT[@]}" | sort
}

# table HOST WEIGHT...: print it.
table() {
	while [ $# -gt 0 ]; do
		echo "$1 ${AT[$1]} $2"
		shift 2
	done
}

# count N OPTIONS...: SHARE[HOST] is how many of N answers come from each host.
count() {
	local number host

	SHARE=([none]=0)
	while read -r number host; do
		SHARE[$host]=$number
	done < <(curl -s -S -f -m 30 -o /dev/null -D - "${@:2}" \
		"http://127.0.0.1:$PORT/?[1-$1]" | tr -d '\r' |
		sed -n 's/^X-Version: //Ip' | sort | uniq -c)
}

# shared HOST PERCENT...: the hosts answer in these shares: within half of each;
# 0 is none at all.
shared() {
	local n=120 host percent got

	count $n
	while [ $# -gt 0 ]; do
		host=$1 percent=$2 got=${SHARE[$1]:-0}
		shift 2
		if ((got * 200 < n * percent || got * 200 > n * percent * 3)); then
			echo "$host has $got of $n answers, not $percent %"
			return 1
		fi
	done
}

# refused TEXT COMMAND...: it fails, and says this in one line.  The table is on
# standard input.
refused() {
	local text=$1

	shift
	! "$@" >out 2>err || {
		echo "not refused: $*"
		return 1
	}
	cat err
	[ ! -s out ]
	[ "$(wc -l <err)" = 1 ]
	grep -qF -- "$text" err
}

# under_load COMMAND...: while requests go on, none of which may fail.
under_load() {
	load_begin --rate 200 --kept 4 --pause 20ms --slow 2 --slow-time 300ms
	"$@"
	load_end
	[ "$(gojq .requests load.json)" -gt 0 ]
}

@test "directors: a table that is wrong is refused, and no balancer is asked" {
	local bad director
	local tables=('' 'h1 10.0.0.1:80' 'h1 10.0.0.1:80 1 more' 'h1 10.0.0.1 1'
		'h1 10.0.0.1:80 101' 'h1 10.0.0.1:80 -1' 'h1 10.0.0.1:80 1.5'
		'h1 10.0.0.1:80 0' $'h1 10.0.0.1:80 0\nh2 10.0.0.2:80 0'
		$'h1 10.0.0.1:80 1\nh1 10.0.0.2:80 1'
		$'h1 10.0.0.1:80 1\nh2 10.0.0.1:80 1' 'h1 10.0.0.1:0 1'
		'h1 10.0.0.1:65536 1' 'h1;x 10.0.0.1:80 1' 'h1 10.0.0.1;x:80 1'
		'h1 [::1;]:80 1' '-h1 10.0.0.1:80 1' $'h1 \e[31m:80 1')

	for bad in "${tables[@]}"; do
		refused "nothing was changed, because" \
			"$DIRECTORS/nginx" cluster file <<<"$bad"
	done
	for director in "haproxy socket cluster file" "lvs -t 10.0.0.1:80" \
		"apache http://127.0.0.1:1/ cluster" "dns 127.0.0.1 zone name"; do
		# shellcheck disable=SC2086 # a director and its arguments
		refused "nothing was changed, because" \
			"$DIRECTORS/"$director <<<"h1 10.0.0.1:80 0"
	done
	[ ! -e file ]
}

@test "directors: wrong arguments are told apart from a failure" {
	local director

	for director in nginx haproxy apache dns lvs; do
		expect 64 "$DIRECTORS/$director" -x <<<"h1 10.0.0.1:80 1"
		expect 64 "$DIRECTORS/$director" <<<"h1 10.0.0.1:80 1"
	done
}

# nginx_begin: an nginx with the upstream `cluster`.
nginx_begin() {
	nginx_config
	nginx_start
}

nginx_config() {
	local path

	takes nginx
	PORT=$(free_port)
	{
		echo "daemon off; pid $PWD/nginx.pid; worker_processes 1;"
		echo "error_log $PWD/error.log notice; events {}"
		echo "http { access_log off; include $PWD/cluster.conf;"
		for path in client_body proxy fastcgi uwsgi scgi; do
			echo "${path}_temp_path $PWD/temporary;"
		done
		echo "server { listen 127.0.0.1:$PORT; location / {"
		echo "proxy_pass http://cluster; } } }"
	} >nginx.conf
}

nginx_start() {
	begin "$(own nginx)" -c "$PWD/nginx.conf"
	until_true answers "127.0.0.1:$PORT"
	WORKER=$(worker_of_nginx)
}

# nginx_director OPTIONS...: with the table of standard input.
nginx_director() {
	"$DIRECTORS/nginx" -c "$PWD/nginx.conf" "$@" \
		cluster "$PWD/cluster.conf"
}

# nginx_direct HOST WEIGHT...
nginx_direct() {
	table "$@" | nginx_director
}

# reloads: print how often nginx was reloaded.
reloads() {
	grep -c 'signal 1 (SIGHUP) received' error.log || true
}

# reloaded N: nginx was reloaded so often, and WORKER, which served before, has
# ended.
reloaded() {
	[ "$(reloads)" = "$1" ] && ! kill -0 "$WORKER" 2>/dev/null || return
	WORKER=$(worker_of_nginx)
	[ -n "$WORKER" ]
}

worker_of_nginx() {
	pgrep -P "$BALANCER" -f 'worker process$'
}

@test "nginx: weights are shares, 0 is down, a change under load fails no request" {
	local before

	host h1 h2 h3
	echo "upstream cluster { server ${AT[h1]}; }" >cluster.conf
	nginx_begin
	nginx_direct h1 25 h2 75
	until_true reloaded 1
	shared h1 25 h2 75
	under_load nginx_direct h1 0 h2 50 h3 50
	until_true reloaded 2
	shared h1 0 h2 50 h3 50
	# The same again, in another order, is nothing new.
	before=$(cat cluster.conf)
	nginx_direct h3 50 h2 50 h1 0
	[ "$(cat cluster.conf)" = "$before" ]
	[ "$(reloads)" = 2 ]
	# What serves is kept over a reload and a restart.
	nginx -c "$PWD/nginx.conf" -s reload
	until_true reloaded 3
	shared h1 0 h2 50 h3 50
	kill "$BALANCER"
	wait "$BALANCER"
	nginx_start
	shared h1 0 h2 50 h3 50
	[ "$(find . -name '*cluster.conf.*')" = ./.cluster.conf.lock ]
}

@test "nginx: what it refuses is put back, and the old weights serve" {
	host h1 h2
	echo "upstream cluster { server ${AT[h1]}; }" >cluster.conf
	nginx_begin
	nginx_direct h1 25 h2 75
	until_true reloaded 1
	cp cluster.conf before
	table h1 50 h2 50 |
		refused "nginx refuses" nginx_director -p 'fail_timeout=15 max_fails =3'
	grep -qF 'invalid parameter "max_fails"' err
	table h1 50 h2 50 |
		refused "nginx refuses" nginx_director -d ip_hash -p backup
	table h1 50 h2 50 |
		refused "cannot be reloaded" nginx_director -r 'echo no >&2; exit 1'
	cmp cluster.conf before
	shared h1 25 h2 75
	[ "$(reloads)" = 1 ]
	# Where there was no file there is none.
	mv cluster.conf kept
	table h1 50 h2 50 | refused "nginx refuses" nginx_director -p 'bad=1'
	[ ! -e cluster.conf ]
	mv kept cluster.conf
	nginx_direct h1 75 h2 25
	until_true reloaded 2
	shared h1 75 h2 25
}

# killed_director HOST WEIGHT HOST WEIGHT COMMAND: the director ends in the
# command that should reload nginx; its PID is in the file director.
killed_director() {
	# shellcheck disable=SC2016 # the inner shell expands it
	table "${@:1:4}" | expect 137 sh -c 'echo $$ >director; exec "$@"' sh \
		"$DIRECTORS/nginx" -c "$PWD/nginx.conf" -r "$5" \
		cluster "$PWD/cluster.conf"
}

@test "nginx: a director that was killed before the reload is made good by the next" {
	host h1 h2
	echo "upstream cluster { server ${AT[h1]}; }" >cluster.conf
	nginx_begin
	killed_director h1 0 h2 1 "kill -KILL \$(cat director)"
	grep -q down cluster.conf
	shared h1 100
	nginx_direct h1 0 h2 1
	until_true reloaded 1
	shared h1 0 h2 100
	# Also if it had reloaded, and the table is as it was before.
	killed_director h1 1 h2 0 \
		"nginx -c '$PWD/nginx.conf' -s reload; kill -KILL \$(cat director)"
	until_true reloaded 2
	shared h1 100 h2 0
	nginx_direct h1 0 h2 1
	until_true reloaded 3
	shared h1 0 h2 100
}

@test "nginx and apache: hosts are reached by IPv6" {
	ADDRESS="[::1]" host h1 h2
	echo "upstream cluster { server ${AT[h1]}; }" >cluster.conf
	nginx_begin
	nginx_direct h1 25 h2 75
	until_true reloaded 1
	shared h1 25 h2 75
	apache_begin
	apache_direct h1 75 h2 25
	shared h1 75 h2 25
	apache_direct h1 0 h2 25
	shared h1 0 h2 100
}

@test "nginx: of two directors at a time one is refused" {
	host h1 h2
	echo "upstream cluster { server ${AT[h1]}; }" >cluster.conf
	nginx_begin
	table h1 1 h2 1 | nginx_director \
		-r 'touch began; until [ -e go ]; do sleep 0.02; done' 3>&- &
	until_true test -e began
	table h1 1 | refused "another director" nginx_director
	touch go
	wait $!
	nginx_direct h1 1
	grep -q "${AT[h1]} weight=1;" cluster.conf
	run ! grep -qF "${AT[h2]}" cluster.conf
}

@test "nginx below hotswap: -r makes the reload an upgrade" {
	host h1 h2
	echo "upstream cluster { server ${AT[h1]}; }" >cluster.conf
	nginx_config
	hotswap run -n web --bake 200ms -- "$(own nginx)" -e stderr \
		-c "$PWD/nginx.conf" >>run.log 2>&1 3>&- &
	PIDS+=("$!")
	until_true hotswap wait web --for ready --timeout 10s 2>/dev/null
	shared h1 100 h2 0
	load_begin --rate 200
	table h1 0 h2 1 | nginx_director -r "hotswap upgrade web"
	load_end
	shared h1 0 h2 100
	cp cluster.conf before
	table h1 1 h2 1 | refused "cannot be reloaded" \
		nginx_director -r "hotswap upgrade web --check false"
	cmp cluster.conf before
	shared h1 0 h2 100
}

# users: print `USER HOST` for 40 users, each in a network of its own, because
# ip_hash heeds the first three numbers of an address.
users() {
	local user

	for user in {1..40}; do
		[ "$user" = 1 ] || echo next
		echo "interface = 127.7.$user.1"
		printf '%s\n' silent show-error fail "max-time = 30" \
			"output = /dev/null" "dump-header = -" \
			"url = http://127.0.0.1:$PORT/"
	done >requests
	curl -K requests | tr -d '\r' | sed -n 's/^X-Version: //Ip' | cat -n |
		tr -s ' \t' ' ' >answered
	[ "$(wc -l <answered)" = 40 ]
	cat answered
}

# of HOST FILE: print how many users the host has.
of() {
	grep -c " $1\$" "$2" || true
}

# The article's example: its parameters, and its two configurations.
@test "nginx with ip_hash: first A, then A and B for some users, then B alone, and no connection is cut" {
	local parameters=(-d ip_hash -p "fail_timeout=15 max_fails=3")

	host A B
	echo "upstream cluster { server ${AT[A]}; }" >cluster.conf
	nginx_begin
	load_begin --rate 200 --kept 4 --pause 20ms --slow 2 --slow-time 1s \
		--source 127.9.0.1/20000
	table A 1 | nginx_director "${parameters[@]}"
	until_true reloaded 1
	users >first
	[ "$(of A first)" = 40 ]

	# The new version is put on B, and B is added.
	table A 1 B 2 | nginx_director "${parameters[@]}"
	diff - <(grep -v '^#' cluster.conf | tr -d '\t') <<-END
		upstream cluster {
		ip_hash;
		server ${AT[A]} weight=1 fail_timeout=15 max_fails=3; # A
		server ${AT[B]} weight=2 fail_timeout=15 max_fails=3; # B
		}
	END
	until_true reloaded 2
	users >second
	[ "$(of A second)" -gt 0 ]
	[ "$(of B second)" -gt "$(of A second)" ]
	users | diff second - # a user stays with a version

	# A is marked down.
	table A 0 B 2 | nginx_director "${parameters[@]}"
	grep -q "server ${AT[A]} weight=1 down fail_timeout=15 max_fails=3;" \
		cluster.conf
	until_true reloaded 3
	users >third
	[ "$(of B third)" = 40 ]

	# A can be stopped.
	kill "${PIDS[0]}"
	wait "${PIDS[0]}" || true
	users >fourth
	[ "$(of B fourth)" = 40 ]
	load_end
	[ "$(gojq .requests load.json)" -gt 0 ]
}

# users_of HOST N: it has so many of the 40 users.
users_of() {
	users >found && [ "$(of "$1" found)" = "$2" ]
}

@test "nginx below hotswap fleet direct: the article's example by hotswap fleet weight, and no request fails" {
	cluster
	hosts A B
	deploy B v2
	on B hotswap upgrade web --exe "$PWD/B/releases/v2/server"
	echo "upstream cluster { server 127.0.0.1:$(cat A/port); }" >cluster.conf
	nginx_begin
	load_begin --rate 100 --kept 4 --pause 20ms --source 127.9.0.1/20000
	hotswap fleet weight web A 1
	hotswap fleet weight web B 0
	hotswap fleet direct web -- "$DIRECTORS/nginx" -c "$PWD/nginx.conf" \
		-d ip_hash -p "fail_timeout=15 max_fails=3" \
		cluster "$PWD/cluster.conf" >direct.log 2>&1 3>&- &
	PIDS+=("$!")
	until_true grep -q ip_hash cluster.conf
	until_true users_of v1 40
	hotswap fleet weight web B 2
	until_true grep -q "weight=2 fail_timeout=15 max_fails=3; # B" cluster.conf
	until_true some_have_each
	hotswap fleet weight web A 0
	until_true users_of v2 40
	# The clients that stay connected would have it drain for a minute.
	unharmed A
	on A hotswap stop web
	[ "$(of v2 <(users))" = 40 ]
	load_end
	# Nobody would serve: the balancer stays as it is.
	hotswap fleet weight web B 0
	until_true grep -q "no host would get traffic" direct.log
	[ "$(of v2 <(users))" = 40 ]
}

some_have_each() {
	users >found && [ "$(of v1 found)" -gt 0 ] &&
		[ "$(of v2 found)" -gt "$(of v1 found)" ]
}

@test "nginx with ip_hash: when a host is down, the users of all others stay where they are" {
	host h1 h2 h3
	echo "upstream cluster { server ${AT[h1]}; }" >cluster.conf
	nginx_begin
	table h1 1 h2 3 h3 2 | nginx_director -d ip_hash
	until_true reloaded 1
	users >before
	[ "$(of h2 before)" -gt 0 ]
	table h1 1 h2 0 h3 2 | nginx_director -d ip_hash
	until_true reloaded 2
	users >after
	[ "$(of h2 after)" = 0 ]
	diff <(grep -v h2 before) \
		<(grep -xFf <(grep -v h2 before) after)
}

# haproxy_begin [LINE]...: an HAProxy with the backend `cluster` of all hosts,
# these lines in it, and a spare.
haproxy_begin() {
	local name

	takes haproxy socat
	PORT=$(free_port)
	mkdir state
	{
		echo "global"
		echo "stats socket $PWD/socket mode 600 level admin expose-fd listeners"
		echo "server-state-base $PWD/state"
		echo "defaults"
		echo "mode http"
		echo "timeout connect 5s"
		echo "timeout client 30s"
		echo "timeout server 30s"
		echo "frontend all"
		echo "bind 127.0.0.1:$PORT"
		echo "default_backend cluster"
		echo "backend cluster"
		echo "load-server-state-from-file local"
		printf '%s\n' "${@:-balance roundrobin}"
		for name in $(names_of_hosts); do
			echo "server $name ${AT[$name]} cookie $name"
		done
		echo "server spare 127.0.0.1:1 backup"
	} >haproxy.cfg
	haproxy_start
}

haproxy_start() {
	begin "$(own haproxy)" -W -db -f haproxy.cfg
	until_true answers "127.0.0.1:$PORT"
}

haproxy_director() {
	"$DIRECTORS/haproxy" "$@" "$PWD/socket" cluster "$PWD/state/cluster"
}

# haproxy_direct HOST WEIGHT...
haproxy_direct() {
	table "$@" | haproxy_director
}

# runtime COMMAND
runtime() {
	socat - "UNIX-CONNECT:$PWD/socket" <<<"$1"
}

# worker: print the PID of the process that serves.
worker() {
	runtime "show info" | sed -n 's/^Pid: //p'
}

another_worker() {
	[ -n "$(worker)" ] && [ "$(worker)" != "$1" ]
}

@test "haproxy: weights are shares, 0 is none, a change under load fails no request" {
	local before

	host h1 h2 h3
	haproxy_begin
	haproxy_direct h1 25 h2 75 h3 0
	shared h1 25 h2 75 h3 0
	under_load haproxy_direct h1 0 h2 50 h3 50
	shared h1 0 h2 50 h3 50
	# A new process has the weights from its first request on.
	before=$(worker)
	load_begin --rate 200
	kill -USR2 "$BALANCER"
	until_true another_worker "$before"
	load_end
	[ "$(gojq '[.generations[] | select(.version == "h1")] | length' load.json)" = 0 ]
	[ "$(gojq '[.generations[] | select(.version == "h2")] | length' load.json)" = 1 ]
	shared h1 0 h2 50 h3 50
	kill "$BALANCER"
	wait "$BALANCER" || true
	haproxy_start
	shared h1 0 h2 50 h3 50
	haproxy_direct h1 100 h2 0 h3 0
	shared h1 100 h2 0 h3 0
	# A host that is not in the table gets nothing, a spare is left alone.
	haproxy_direct h2 1
	shared h1 0 h2 100 h3 0
	[ "$(runtime "show servers state cluster" | awk '/ spare / { print $7, $8 }')" = "0 1" ]
}

@test "haproxy: what cannot be set is refused, and what was set before is taken back" {
	host h1 h2 h3
	haproxy_begin "balance static-rr"
	haproxy_direct h1 1 h2 0 h3 1
	shared h1 50 h2 0 h3 50
	runtime "show servers state cluster" | cut -d ' ' -f 4-8 >before
	# This algorithm keeps its weights, but h2 can be made ready.
	table h2 1 h3 30 | refused "taken back" haproxy_director
	grep -q "refuses.*cluster/h3 weight 30.*static" err
	runtime "show servers state cluster" | cut -d ' ' -f 4-8 | diff before -
	AT[h0]=127.0.0.1:1
	table h0 1 h2 1 | refused "has no server h0" haproxy_director
	runtime "show servers state cluster" | cut -d ' ' -f 4-8 | diff before -
	shared h1 50 h2 0 h3 50
	table h1 1 | refused "no backend other" \
		"$DIRECTORS/haproxy" "$PWD/socket" other "$PWD/state/other"
	table h1 1 | refused "does not answer" \
		"$DIRECTORS/haproxy" "$PWD/none" cluster "$PWD/state/cluster"
	kill -STOP "$(worker)"
	table h2 1 | refused "does not answer" haproxy_director
	rm -r state
	table h2 1 | refused "cannot be written" haproxy_director
}

@test "haproxy: with -z drain, clients that a cookie binds stay, and others do not come" {
	host h1 h2
	haproxy_begin "balance roundrobin" "cookie HOST insert"
	haproxy_direct h1 1 h2 0
	curl -s -o /dev/null -c cookies "http://127.0.0.1:$PORT/"
	table h1 0 h2 1 | haproxy_director -z drain
	shared h1 0 h2 100
	count 20 -b cookies
	[ "${SHARE[h1]}" = 20 ]
	haproxy_direct h1 0 h2 1
	count 20 -b cookies
	[ "${SHARE[h2]}" = 20 ]
	haproxy_direct h1 1 h2 0
	shared h1 100 h2 0
}

# apache_begin [PERSIST [LINE]]: an Apache with the balancer `cluster` of all
# hosts and a spare.  The line is in the location of the manager.
apache_begin() {
	local name modules=/usr/lib/apache2/modules

	takes apache2
	PORT=$(free_port)
	{
		echo "ServerRoot $PWD"
		echo "ServerName localhost"
		echo "PidFile $PWD/apache.pid"
		echo "DefaultRuntimeDir $PWD"
		echo "ErrorLog $PWD/apache.log"
		echo "Listen 127.0.0.1:$PORT"
		[ "$(id -u)" != 0 ] || echo "User nobody"
		for name in mpm_event authn_core authn_file auth_basic \
			authz_core authz_host authz_user headers slotmem_shm proxy \
			proxy_http proxy_balancer lbmethod_byrequests; do
			echo "LoadModule ${name}_module $modules/mod_$name.so"
		done
		echo "ProxyPass /balancer-manager !"
		echo "ProxyPass / balancer://cluster/"
		echo "BalancerPersist ${1:-On}"
		echo "<Proxy balancer://cluster>"
		for name in $(names_of_hosts); do
			echo "BalancerMember http://${AT[$name]}"
		done
		echo "BalancerMember http://127.0.0.1:1 status=+H"
		echo "</Proxy>"
		echo "<Location /balancer-manager>"
		echo "SetHandler balancer-manager"
		printf '%b\n' "${2:-Require local}"
		echo "</Location>"
	} >apache.conf
	MANAGER=http://127.0.0.1:$PORT/balancer-manager
	apache_start
}

apache_start() {
	begin "$(own apache2)" -f "$PWD/apache.conf" -DFOREGROUND
	until_true answers "127.0.0.1:$PORT"
}

# apache_direct HOST WEIGHT...
apache_direct() {
	table "$@" | "$DIRECTORS/apache" "$MANAGER" cluster
}

@test "apache: weights are shares, 0 is none, a change under load fails no request" {
	host h1 h2 h3
	apache_begin
	apache_direct h1 25 h2 75 h3 0
	shared h1 25 h2 75 h3 0
	under_load apache_direct h1 0 h2 50 h3 50
	shared h1 0 h2 50 h3 50
	# BalancerPersist keeps them.
	kill -USR1 "$BALANCER"
	until_true restarted 2
	shared h1 0 h2 50 h3 50
	kill "$BALANCER"
	wait "$BALANCER" || true
	apache_start
	shared h1 0 h2 50 h3 50
	apache_direct h1 100 h2 0 h3 0
	shared h1 100 h2 0 h3 0
	# A host that is not in the table gets nothing, a spare is left alone.
	apache_direct h2 1
	shared h1 0 h2 100 h3 0
	[ "$(members | grep -c 'Stby Ok')" = 1 ]
}

# restarted N: Apache has begun so often.
restarted() {
	[ "$(grep -c 'resuming normal operations' apache.log)" = "$1" ]
}

# members: print what the manager says of the members.
members() {
	curl -s -H "Referer: $MANAGER" "$MANAGER?xml=1" |
		grep -E '<httpd:(loadfactor|status)>'
}

@test "apache: without BalancerPersist a graceful restart forgets the weights, and the next run sets them" {
	host h1 h2
	apache_begin Off
	apache_direct h1 100 h2 0
	shared h1 100 h2 0
	kill -USR1 "$BALANCER"
	until_true restarted 2
	shared h1 50 h2 50
	apache_direct h1 100 h2 0
	shared h1 100 h2 0
}

# unchanged: each member is as before.
unchanged() {
	members | diff before -
}

@test "apache: what cannot be set is refused, and nothing is changed" {
	host h1 h2
	apache_begin
	apache_direct h1 25 h2 75
	members >before
	table h1 1 | refused "no balancer://other" \
		"$DIRECTORS/apache" "$MANAGER" other
	AT[h3]=127.0.0.1:2
	table h1 1 h3 1 | refused "no member http://127.0.0.1:2" \
		"$DIRECTORS/apache" "$MANAGER" cluster
	table h1 1 | refused "does not answer" \
		"$DIRECTORS/apache" "http://127.0.0.1:1/" cluster
	unchanged
	shared h1 25 h2 75
}

@test "apache: a manager that answers 200 and does nothing is found out" {
	host h1 h2
	apache_begin On "Require local\nRequestHeader unset Referer 'expr=%{REQUEST_METHOD} == \"POST\"'"
	members >before
	table h1 1 h2 0 | refused "not there when it is read back" \
		"$DIRECTORS/apache" "$MANAGER" cluster
	unchanged
}

@test "apache: a manager that refuses is found out, and one with a password can be used" {
	host h1 h2
	apache_begin On "AuthType Basic\nAuthName x\nAuthUserFile $PWD/users
		Require valid-user"
	echo "ops:$(openssl passwd -apr1 -salt xx secret)" >users
	echo "machine 127.0.0.1 login ops password secret" >netrc
	table h1 1 h2 0 | refused "401" "$DIRECTORS/apache" "$MANAGER" cluster
	shared h1 50 h2 50
	table h1 1 h2 0 | "$DIRECTORS/apache" -n netrc "$MANAGER" cluster
	shared h1 100 h2 0
}

# named_begin: the zone example.org; the key `web` may set one name.
named_begin() {
	takes named nsupdate dig tsig-keygen
	mkdir zones
	DNS_PORT=$(free_port)
	(PATH=$PATH:/usr/sbin tsig-keygen web) >key
	(PATH=$PATH:/usr/sbin tsig-keygen web) >other_key
	cat >zones/example.org <<-END
		\$TTL 60
		@ IN SOA ns root 1 60 60 60 60
		@ IN NS ns
		ns IN A 127.0.0.1
		alias IN CNAME www
	END
	cat >named.conf <<-END
		include "$PWD/key";
		controls {};
		options {
			directory "$PWD/zones";
			listen-on port $DNS_PORT { 127.0.0.1; };
			listen-on-v6 { none; };
			pid-file "$PWD/named.pid";
			session-keyfile none;
			dnssec-validation no;
			recursion no;
		};
		zone "example.org" {
			type primary;
			file "example.org";
			update-policy { grant web name www.example.org A AAAA; };
		};
	END
	named_start
}

named_start() {
	begin "$(own named)" -c "$PWD/named.conf" -g -n 1
	until_true names example.org SOA
}

# names NAME TYPE: print its records in order; fails if there are none.
names() {
	dig +short +norecurse +tries=1 +time=2 -p "$DNS_PORT" @127.0.0.1 \
		"$1" "$2" | sort | grep -v '^;'
}

# www TYPE ADDRESS...: these are the records of www.example.org.
www() {
	diff <(names www.example.org "$1") <([ $# = 1 ] || printf '%s\n' "${@:2}")
}

# serial: print how often the zone was changed.
serial() {
	names example.org SOA | cut -d ' ' -f 3
}

dns_director() {
	"$DIRECTORS/dns" -p "$DNS_PORT" "$@" 127.0.0.1 example.org \
		"${NAME:-www.example.org}"
}

@test "dns: hosts with a weight are the name's addresses, and others are absent" {
	named_begin
	AT=([h1]=10.0.0.1:80 [h2]=10.0.0.2:80 [h3]="[2001:DB8::0a:0]:80"
		[h4]=10.0.0.2:81)
	table h1 1 h2 0 h3 0 | dns_director -k key
	www A 10.0.0.1
	www AAAA
	# A move: first both, then the new ones alone.
	table h1 1 h2 100 h3 5 h4 3 | dns_director -k key
	www A 10.0.0.1 10.0.0.2
	www AAAA 2001:db8::a:0
	[ "$(serial)" = 3 ]
	table h3 1 h2 1 h1 9 h4 0 | dns_director -k key
	[ "$(serial)" = 3 ] # nothing new
	table h1 0 h2 1 h3 0 | dns_director -k key
	www A 10.0.0.2
	www AAAA
	table h2 1 | dns_director -k key -t 300
	dig +noall +answer -p "$DNS_PORT" @127.0.0.1 www.example.org |
		grep -q "300.*10.0.0.2"
	# The server keeps them over a restart.
	kill "$BALANCER"
	wait "$BALANCER" || true
	named_start
	www A 10.0.0.2
}

@test "dns: what the server refuses is told, and nothing is changed" {
	named_begin
	AT=([h1]=10.0.0.1:80 [h2]=name:80 [h3]="[1:2]:80")
	table h1 1 | dns_director -k key
	AT[h1]=10.0.0.7:80
	table h1 1 | refused "tsig" dns_director -k other_key
	table h1 1 | refused "REFUSED" dns_director
	table h1 1 | NAME=other.example.org refused "REFUSED" dns_director -k key
	table h1 1 | NAME=alias.example.org refused "is a CNAME" dns_director -k key
	table h1 1 | NAME=www.example.net refused "REFUSED" dns_director -k key
	table h1 1 h2 1 | refused "is a name" dns_director -k key
	table h1 1 h3 1 | refused "refuses" dns_director -k key
	www A 10.0.0.1
	kill "$BALANCER"
	wait "$BALANCER" || true
	table h1 1 | refused "does not tell" dns_director -k key
}

@test "dns: what somebody else has changed meanwhile is not overwritten" {
	named_begin
	AT=([h1]=10.0.0.1:80 [h2]=10.0.0.2:80)
	table h1 1 | dns_director -k key
	# The other one is just between reading and writing.
	mkdir between
	cat >between/nsupdate <<-END
		#!/bin/sh
		printf '%s\n' 'server 127.0.0.1 $DNS_PORT' 'zone example.org.' \
			'update add www.example.org. 60 A 10.0.0.9' send |
			$(command -v nsupdate) -k key
		exec $(command -v nsupdate) "\$@"
	END
	chmod 755 between/nsupdate
	table h2 1 | PATH=$PWD/between:$PATH refused "NXRRSET" dns_director -k key
	www A 10.0.0.1 10.0.0.9
	table h2 1 | dns_director -k key
	www A 10.0.0.2
}
