#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# hotswap fleet report: does the page about a fleet's rollout have each host,
# when it was at work, and why the rollout ended?

load helper
load fleet.bash

# shellcheck disable=SC2034 # fleet.bash uses it
ENGINE=etcd

# is_page FILE: tidy finds nothing to say about it, and it has no script.
is_page() {
	tidy -quiet -errors "$1" 2>tidy.txt
	[ ! -s tidy.txt ] || {
		cat tidy.txt
		return 1
	}
	if grep -i -E '<(script|iframe|object|link|img|a)[ >]|href=|src="|url\(' \
		"$1"; then
		return 1
	fi
}

# page ARGUMENTS...: the page of web, and its text in page.txt.
page() {
	hotswap fleet report web "$@" -o page.html
	is_page page.html
	tr '\n' ' ' <page.html | sed 's/<style>.*<\/style>//; s/<[^>]*>/\n/g' |
		sed 's/^ *//; s/ *$//; /^$/d' >page.txt
}

# steps: print each host in the table with its outcome.
steps() {
	sed -n 's/^<tr><td class="t" data-label="Host">\([^<]*\)<.*Outcome">\([^<]*\)<.*/\1 \2/p' \
		page.html | sort | tr '\n' ' '
}

@test "fleet report: hosts with slots, one that failed, and rollouts before" {
	cluster
	hosts h1 h2 h3 h4
	run -2 hotswap fleet report web -o page.html
	[[ $output == *'there was no rollout yet'* ]]
	deploy_all v2
	deploy h2 v2 --exit 1
	hotswap fleet upgrade web v2 --at-once 2 --failures 1
	page
	grep -qx 'web 1: v2' page.txt
	grep -qx Promoted page.txt
	grep -qx '3 of 4 hosts promoted, 1 failed, 0 absent, 0 untouched.' \
		page.txt
	[ "$(steps)" = 'h1 promoted h2 failed h3 promoted h4 promoted ' ]
	# The reason of the host is there; each host that has begun has a bar.
	grep -q 'exited with status 1' page.txt
	[ "$(grep -c '<rect class="promoted' page.html)" -eq 3 ]
	[ "$(grep -c '<rect class="failed' page.html)" -eq 1 ]
	grep -qx 'Most hosts at once' page.txt
	grep -A1 -x 'Borne' page.txt | grep -qx '1 failed, 0 absent'
	# The next one halts, and is shown as far as it is while it runs.
	deploy_all v3 --exit 1
	run -1 hotswap fleet upgrade web v3
	page
	grep -qx Halted page.txt
	grep -q '^Halted by ' page.txt
	grep -q 'data-label="Outcome">failed' page.html
	deploy_all v3
	hotswap fleet resume web
	page 1
	grep -qx 'web 1: v2' page.txt
	[ "$(steps)" = 'h1 promoted h2 failed h3 promoted h4 promoted ' ]
	page 2
	grep -qx 'web 2: v3' page.txt
	grep -A1 -x Attempt page.txt | grep -qx 2
	[ "$(steps)" = 'h1 promoted h2 promoted h3 promoted h4 promoted ' ]
	run -2 hotswap fleet report web 9 -o none.html
	run -64 hotswap fleet report web x -o none.html
	[ ! -e none.html ]
	hotswap fleet report web >page.html
	is_page page.html
	[ -z "${KEEP_PAGES:-}" ] || cp page.html "$KEEP_PAGES"
}

@test "fleet report: a rollout under way, and what is written by others is only text" {
	local evil='</td><script>alert(1)</script>&\"'

	cluster
	hosts h1 h2 h3
	deploy_all v2
	hotswap fleet upgrade web v2 --no-wait
	page
	grep -qx 'Under way' page.txt
	hotswap fleet resume web
	ctl put /hotswap/web/history/1 "{\"n\": 1, \"kind\": \"$evil\",
	    \"release\": \"$evil\", \"result\": \"$evil\", \"reason\": \"$evil\",
	    \"by\": \"$evil\", \"started\": \"$evil\", \"ended\": \"$evil\",
	    \"times\": [{\"host\": \"$evil\", \"step\": \"$evil\", \"at_ms\": 9e30,
	    \"took_ms\": -1, \"reason\": \"$evil\"}, 1, {}], \"failed\": 1}"
	hotswap fleet upgrade web v2 --no-wait
	page 1
	grep -qF '&lt;script&gt;' page.html
}
