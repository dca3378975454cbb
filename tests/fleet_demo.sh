#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# A fleet at work, on this machine: five hosts, three members of etcd, and an
# nginx before the hosts, under load.  A good release goes over the hosts, a bad
# one is stopped at the first host, a host is taken out of the traffic, and the
# release is taken back.  Exit status 1 if a request failed, or if something
# ended otherwise than it should.
# shellcheck disable=SC2034 # fleet.bash uses what is set here
# shellcheck disable=SC2317 # a trap calls end
set -u

ROOT=$(cd "$(dirname "$0")/.." && pwd)
HOTSWAP_BUILD=${HOTSWAP_BUILD:-$ROOT/build}
[[ $HOTSWAP_BUILD == /* ]] || HOTSWAP_BUILD=$ROOT/$HOTSWAP_BUILD
export HOTSWAP_BUILD
BATS_RUN_TMPDIR=$(mktemp -d)
BATS_TEST_TMPDIR=$BATS_RUN_TMPDIR/fleet
BATS_FILE_TMPDIR=$BATS_RUN_TMPDIR/file
BATS_TEST_DIRNAME=$ROOT/tests/e2e
mkdir "$BATS_TEST_TMPDIR" "$BATS_FILE_TMPDIR"
# What the helpers take from the test runner.
bats_require_minimum_version() { :; }
skip() {
	echo "fleet-demo: $*" >&2
	exit 1
}
# shellcheck source=tests/e2e/helper.bash
. "$BATS_TEST_DIRNAME/helper.bash"
# shellcheck source=tests/e2e/fleet.bash
. "$BATS_TEST_DIRNAME/fleet.bash"

problems=0
end() {
	teardown >/dev/null 2>&1
	teardown_file
	cd / && rm -rf "$BATS_RUN_TMPDIR"
}
trap end EXIT
trap 'exit 1' INT TERM HUP
# The shell would tell of each process that is ended at the end.
exec 3>&1

bold=$(tput bold 2>/dev/null || true) plain=$(tput sgr0 2>/dev/null || true)
[ -t 1 ] || bold='' plain=''
say() {
	printf '\n%s%s%s\n' "$bold" "$*" "$plain"
}

# show STATUS COMMAND...: run it as a user would; it must end with the status.
show() {
	local wanted=$1 status=0

	shift
	printf '%s$ %s%s\n' "$bold" "$*" "$plain"
	"$@" 2>&1 || status=$?
	[ "$status" = 0 ] || echo "[exit status $status]"
	[ "$status" = "$wanted" ] || {
		echo "fleet-demo: this should have ended with $wanted"
		problems=$((problems + 1))
	}
}

# balancer: an nginx before the hosts, whose upstream a director writes.
balancer() {
	FRONT=$(free_port)
	mkdir -p front/tmp
	cat >front/nginx.conf <<-CONF
		daemon off; pid front.pid; error_log error.log; events { }
		http {
			access_log off; client_body_temp_path tmp;
			proxy_temp_path tmp; fastcgi_temp_path tmp;
			uwsgi_temp_path tmp; scgi_temp_path tmp;
			include $PWD/front/upstream.conf;
			server {
				listen 127.0.0.1:$FRONT backlog=4096;
				location / { proxy_pass http://web; }
			}
		}
	CONF
	hotswap fleet direct web -- "$ROOT/fleet/directors/nginx" \
		-c "$PWD/front/nginx.conf" -r "true" web \
		"$PWD/front/upstream.conf" >front/direct.log 2>&1 3>&- &
	PIDS+=("$!")
	until_true test -s front/upstream.conf
	kill -TERM "${PIDS[-1]}"
	nginx -p "$PWD/front" -c "$PWD/front/nginx.conf" 2>/dev/null 3>&- &
	PIDS+=("$!")
	until_true listens "$FRONT"
	hotswap fleet direct web -- "$ROOT/fleet/directors/nginx" \
		-c "$PWD/front/nginx.conf" \
		-r "kill -HUP $!" web \
		"$PWD/front/upstream.conf" >>front/direct.log 2>&1 3>&- &
	PIDS+=("$!")
}

setup
ENGINE=etcd BAKE=500ms
PATH=$PATH:/usr/sbin
say "Three members of etcd, five hosts with version v1 of a server, an nginx before them"
cluster 3
SERVE=(--health URL --start-timeout 4s)
hosts h1 h2 h3 h4 h5
balancer
"$BUILD/load" --control steer --rate 300 --kept 8 "127.0.0.1:$FRONT" \
	>load.json 3>&- &
LOAD=$!
PIDS+=("$LOAD")
until_true test -p steer
say "300 new connections a second and 8 that are kept, through nginx, until the end"
show 0 hotswap fleet status web

say "A good release: one host first, two seconds of soak, then two at a time"
echo "phase good" >steer
deploy_all v2
show 0 hotswap fleet upgrade web v2 --soak 2s --at-once 2

say "A bad release answers every request with status 500: one host tries it, four are untouched"
echo "phase bad" >steer
deploy_all v3 --answer 500
show 1 hotswap fleet upgrade web v3 --soak 2s --at-once 2

say "Host h5 out of the traffic, for maintenance, and back"
echo "phase weights" >steer
show 0 hotswap fleet weight web h5 0
until_true grep -q "down.*# h5" front/upstream.conf
sed 's/^/    /' front/upstream.conf
sleep 1
show 0 hotswap fleet weight web h5 100
until_true grep -q "weight=100.*# h5" front/upstream.conf

say "The driver of another release is killed in the middle; somebody else goes on"
echo "phase killed" >steer
deploy_all v4
hotswap fleet upgrade web v4 --at-once 2 3>&- &
until_true has_step h1 claimed
disown "$!"
kill -KILL "$!"
show 0 hotswap fleet resume web

say "All hosts go back to v2 at once"
echo "phase back" >steer
show 0 hotswap fleet rollback web

say "What users have seen"
sleep 1
echo stop >steer
wait "$LOAD" || problems=$((problems + 1))
gojq -r '["during", "answered", "failed"], (
	.phases | ("good", "bad", "weights", "killed", "back") as $phase |
	.[$phase] | [$phase, .ok, .refused + .reset + .timed_out + .truncated +
	.wrong]) | @tsv' load.json | awk '{ printf "%-10s%10s%10s\n", $1, $2, $3 }'
gojq -r '"versions met: \([.generations[].version] | unique | join(" "))"' \
	load.json
if gojq -e '[.generations[].version] | index("v3") | not' load.json >/dev/null
then
	echo "nobody met v3, the bad release"
else
	problems=$((problems + 1))
fi
show 0 hotswap fleet history web
[ "$problems" = 0 ] || echo "fleet-demo: $problems problems"
exit "$((problems > 0))"
