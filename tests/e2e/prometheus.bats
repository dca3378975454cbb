#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The rules and the dashboard of packaging/, with the real Prometheus: it scrapes
# the exporter while upgrades go on.

load helper

ROOT=$BATS_TEST_DIRNAME/../..
DASHBOARD=$ROOT/packaging/grafana/hotswap.json
RULES=$ROOT/packaging/prometheus/hotswap.rules.yml

# ask PATH OPTIONS...: ask Prometheus' API.
ask() {
	curl -sf -m 30 -G "http://$AT$1" "${@:2}"
}

# value EXPRESSION: print the value of the only series that it has.
value() {
	ask /api/v1/query --data-urlencode "query=$1" |
		gojq -r '.data.result | if length == 1 then .[0].value[1] else
			error("\(length) series") end'
}

# is_value EXPRESSION VALUE
is_value() {
	[ "$(value "$1")" = "$2" ]
}

# fires ALERT: print the service for which it fires.
fires() {
	ask /api/v1/alerts | gojq -e -r --arg name "$1" '.data.alerts[] |
		select(.labels.alertname == $name and .state == "firing") |
		.labels.service'
}

# is_quiet ALERT
is_quiet() {
	! fires "$1"
}

# is_firing ALERT SERVICE
is_firing() {
	[ "$(fires "$1")" = "$2" ]
}

# scrape TARGET: run a Prometheus of this exporter, with the rules of packaging/,
# whose alerts wait for a second instead of minutes.
scrape() {
	sed -E 's/^( +for: ).*/\11s/' "$RULES" >rules.yml
	cat >prometheus.yml <<-CONFIG
		global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}
		rule_files: [rules.yml]
		scrape_configs:
		  - {job_name: hotswap, static_configs: [{targets: ["$1"]}]}
	CONFIG
	AT=127.0.0.1:$(free_port)
	prometheus --config.file=prometheus.yml --storage.tsdb.path=data \
		--web.listen-address="$AT" --log.level=warn >prometheus.log 2>&1 3>&- &
	PIDS+=($!)
	until_true is_value 'hotswap_up{service="web"}' 1
}

# export_metrics: run an exporter; EXPORTED is its address.
export_metrics() {
	EXPORTED=127.0.0.1:$(free_port)
	hotswap exporter --listen "$EXPORTED" >exporter.log 2>&1 3>&- &
	PIDS+=($!)
}

# last_outcome FILTER: print what the filter finds in the last outcome.
last_outcome() {
	hotswap history web --json | tail -n 1 | gojq -r "$1"
}

# is_known: Prometheus has seen the end of the last rollout.
is_known() {
	is_value "hotswap_rollout_end_time_seconds{service=\"web\"} == bool $(
		hotswap metrics web |
			sed -n 's/^hotswap_rollout_end_time_seconds.* //p'
	)" 1
}

# events: print what annotates the graphs.
events() {
	python3 "$BATS_TEST_DIRNAME/grafana.py" events "http://$AT" \
		"$DASHBOARD" "$START" >shown
	cat shown
}

# is_shown BEGAN ENDED: the annotations have this region.
is_shown() {
	events
	gojq -s -e --argjson began "$1" --argjson ended "$2" '
		any(.[]; .name == "Rollouts" and (.time - $began | fabs) <= 2 and
			(.timeEnd - $ended | fabs) <= 2)' shown
}

@test "prometheus: the rules are in order, and each alert fires when it should" {
	promtool check rules "$RULES"
	cd "$(dirname "$RULES")"
	promtool test rules hotswap.rules.test.yml
	# Each of them is tested, to fire and not to fire.
	diff <(sed -n 's/.*- alert: //p' hotswap.rules.yml | sort) \
		<(sed -n 's/.* alertname: \([A-Za-z]*\)$/\1/p' \
			hotswap.rules.test.yml | sort -u)
	diff <(sed -n 's/.*- alert: //p' hotswap.rules.yml | sort) \
		<(sed -n 's/.*{alertname: \([A-Za-z]*\),.*/\1/p' \
			hotswap.rules.test.yml | sort -u)
}

@test "prometheus: rules and dashboard name no metric that there is not" {
	hotswap metrics --all | sed -n 's/^# TYPE \([a-z_]*\) .*/\1/p' >metrics
	[ -s metrics ]
	grep -ohE 'hotswap_[a-z_]+' "$DASHBOARD" "$RULES" | sort -u >named
	[ -s named ]
	expect 1 grep -vxFf metrics named
	gojq -e '[.panels[].id] | length == (unique | length)' "$DASHBOARD"
	gojq -e '[.. | .datasource? | objects | select(.type == "prometheus").uid] |
		unique == ["${datasource}"]' "$DASHBOARD"
}

@test "prometheus: rollouts, their alerts and annotations, from the scrapes of an exporter" {
	local began ended

	START=$(date +%s)
	serve
	export_metrics
	scrape "$EXPORTED"
	# One that is over before the next scrape, and one that lasts.
	release server v2
	hotswap upgrade web
	until_true is_known
	# Regions that are no further apart than a step would be one.
	until_true is_value \
		'time() - hotswap_rollout_end_time_seconds{service="web"} > bool 7' 1
	hotswap upgrade web --bake 4s
	until_true is_known
	[ "$(value 'hotswap_active_generation{service="web"}')" = 3 ]
	[ "$(value 'sum(hotswap_rollouts_total{result="promoted"})')" = 2 ]
	is_quiet HotswapRolloutFailed
	is_quiet HotswapServiceDown
	# The region of the second one in a graph is its time; the values that say
	# so come some seconds later.
	began=$(date -d "$(last_outcome .started)" +%s%3N)
	ended=$((began + $(last_outcome .duration_ms)))
	until_true is_shown "$began" "$ended"
	[ "$(gojq -s '[.[] | select(.name == "Promoted")] | length' shown)" = 2 ]
	gojq -s -e --argjson ended "$ended" 'any(.[]; .name == "Promoted" and
		(.time - $ended | fabs) <= 2 and
		.title == "web: generation 3 serves")' shown
	# A program that dies, and a version that is no good.
	kill -KILL "$(generation 3 .pid)"
	until_true is_value 'sum(hotswap_generation_restarts_total)' 1
	release server v4 --exit 3
	expect 1 hotswap upgrade web
	until_true is_firing HotswapRolloutFailed web
	events
	gojq -s -e 'any(.[]; .name == "Taken back" and
		.title == "web: rollout aborted")' shown
	gojq -s -e 'any(.[]; .name == "Crashes")' shown
	python3 "$BATS_TEST_DIRNAME/grafana.py" panels "http://$AT" \
		"$DASHBOARD" "$START"
	# A service that is killed as a whole is down.
	kill -KILL "$SUPERVISOR" "$(supervisor)"
	until_true is_firing HotswapServiceDown web
}
