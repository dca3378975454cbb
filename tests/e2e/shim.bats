#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
#
# Servers that know nothing of hotswap, just as they come: their own sockets
# are what is upgraded, rolled back and kept over a crash.

load helper

# nginx_config VERSION [LISTEN...]: what an nginx of this version reads.
nginx_config() {
	local version=$1 address

	shift
	mkdir -p tmp
	{
		echo "daemon off; pid nginx.pid; worker_processes 2;"
		echo "error_log stderr; events {} http { access_log off;"
		for path in client_body proxy fastcgi uwsgi scgi; do
			echo "${path}_temp_path tmp;"
		done
		echo "server {"
		for address in "${@:-127.0.0.1:$PORT}"; do
			echo "listen $address;"
		done
		echo "location / { add_header X-Version $version;"
		echo "return 200 \"$version\n\"; } } }"
	} >nginx.conf.new
	mv nginx.conf.new nginx.conf
}

# wrap OPTIONS... -- PROGRAM...: run it as `web` until it is ready.
wrap() {
	hotswap run -n web --bake 200ms --keep 1m "$@" >>run.log 2>&1 3>&- &
	SUPERVISOR=$!
	PIDS+=("$SUPERVISOR")
	until_true hotswap wait web --for ready --timeout 10s 2>/dev/null
}

# wrap_nginx OPTIONS...
wrap_nginx() {
	PORT=${PORT:-$(free_port)}
	nginx_config v1
	wrap "$@" -- /usr/sbin/nginx -p "$BATS_TEST_TMPDIR" -e stderr \
		-c nginx.conf
}

# restarted N TIMES: so often was that generation started again.
restarted() {
	[ "$(field "[g['restarts'] for g in d['generations'] if g['number'] == $1][0]")" = "$2" ]
}

# swap: an upgrade and a rollback under load; no request fails.
swap() {
	load_begin --rate 1000 --kept 8
	nginx_config v2
	hotswap upgrade web
	until_true is_version v2
	hotswap rollback web
	until_true is_version v1
	load_end
}

# crash N: kill that generation under load.  Only what the killed process had
# accepted may fail, which is never refused, hung or answered wrongly.
crash() {
	load_begin --rate 1000
	kill -KILL "$(pid_of "$1")"
	until_true restarted "$1" 1
	until_true is_version v2
	echo stop >steer
	wait "$CLIENT" || true
	[ "$(field "d['refused'], d['timed_out'], d['wrong'], d['reset'] + d['truncated'] < 20" load.json)" = "(0, 0, 0, True)" ]
}

@test "wrapped: nginx is upgraded and rolled back, and no request fails (seccomp)" {
	wrap_nginx --shim seccomp
	swap
}

@test "wrapped: nginx is upgraded and rolled back, and no request fails (preload)" {
	wrap_nginx --shim preload
	swap
}

@test "wrapped: a killed server is started again with its queue (seccomp)" {
	wrap_nginx --shim seccomp
	nginx_config v2
	crash 1
}

@test "wrapped: a killed server is started again with its queue (preload)" {
	wrap_nginx --shim preload
	nginx_config v2
	crash 1
}
