#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# What metrics, history and events tell of past rollouts.

load helper

MANUAL=$BATS_TEST_DIRNAME/../../man/hotswap.1

# sample METRIC LABEL...: print the value of the sample with these labels.
sample() {
	local lines

	lines=$(hotswap metrics web | grep "^$1{")
	shift
	for label; do
		lines=$(grep -F "$label" <<<"$lines")
	done
	echo "${lines##* }"
}

@test "metrics: the names are those of the manual, each with help and type" {
	serve --strategy exclusive --drain-timeout 1s
	release server v2
	hotswap restart web
	hotswap upgrade web --no-wait --bake 30s
	until_true field_is .rollout.state baking
	hotswap metrics web >text
	diff <(sed -n 's/^# TYPE \([a-z_]*\) .*/\1/p' text | sort) \
		<(sed -n '/^\.Sh METRICS/,/^\.Sh ENV/s/^\.It Cm //p' "$MANUAL" |
			tr -d ' ' | tr , '\n' | sort)
	# All of them have a sample here, and nothing else has.
	diff <(sed -n 's/^# HELP \([a-z_]*\) .*/\1/p' text | sort) \
		<(sed -n 's/^\([a-z_]*\){.*/\1/p' text | sort -u)
	expect 1 grep -vE '^(# (HELP|TYPE) [a-z_]+ .*|[a-z_]+\{.*\} [0-9.]+)$' \
		text
	promtool check metrics <text
}

@test "metrics: rollouts are counted by result, with their time and their pauses" {
	serve --strategy exclusive --drain-timeout 1s
	release server v2
	hotswap upgrade web
	hotswap rollback web
	release server v3 --exit 3
	expect 1 hotswap upgrade web
	[ "$(sample hotswap_rollouts_total 'result="promoted"')" = 1 ]
	[ "$(sample hotswap_rollouts_total 'result="rolled-back"')" = 1 ]
	[ "$(sample hotswap_rollouts_total 'result="aborted"')" = 1 ]
	[[ $(sample hotswap_rollout_seconds_total 'result="promoted"') == *.??? ]]
	[ "$(sample hotswap_rollout_seconds_total 'result="promoted"')" != 0.000 ]
	[ "$(sample hotswap_pauses_total)" = 3 ]
	[ "$(sample hotswap_last_pause_seconds)" != 0.000 ]
	[ "$(sample hotswap_active_generation)" = 3 ]
	[ "$(sample hotswap_generation_restarts_total 'generation="3"')" = 1 ]
}

@test "metrics: when the last rollout began and ended, how, and when the next one began" {
	local before ended

	serve
	[ -z "$(sample hotswap_rollout_start_time_seconds)" ]
	release server v2 --exit 3
	before=$(date +%s%3N)
	expect 1 hotswap upgrade web
	ended=$(sample hotswap_rollout_end_time_seconds 'result="aborted"' \
		'from="1",to="2"')
	# Milliseconds, as in the history.
	hotswap history web --json >history
	[ "$(sample hotswap_rollout_duration_seconds)" = \
		"$(field '.duration_ms / 1000' history | sed 's/$/000/' |
			grep -o '^[0-9]*\.[0-9]\{3\}')" ]
	[ "$(sample hotswap_rollout_start_time_seconds)" = \
		"$(date -d "$(field .started history)" +%s.%3N)" ]
	((before <= ${ended/./} && ${ended/./} <= $(date +%s%3N)))
	[ "$(field .rollout.started)" = "" ]
	[ "$(field .last.reason)" = "$(field .reason history)" ]
	release server v3
	hotswap upgrade web --no-wait --bake 30s
	until_true field_is .rollout.state baking
	# While one is under way the last one is told as well.
	[[ $(sample hotswap_rollout_start_time_seconds) > $ended ]]
	[ "$(sample hotswap_rollout_end_time_seconds)" = "$ended" ]
	kill -KILL "$(supervisor)"
	until_true hotswap status web
	[ "$(sample hotswap_rollout_end_time_seconds)" = "$ended" ]
	hotswap promote web
	[[ $(sample hotswap_rollout_end_time_seconds 'result="promoted"') > $ended ]]
}

@test "metrics: state, share and time left of a rollout, and its checks" {
	serve --canary 25 --step-time 1m
	release server v2
	hotswap upgrade web --no-wait
	until_true is_shifting
	[ "$(sample hotswap_rollout_share)" = 25 ]
	[ "$(sample hotswap_generation_share 'role="active"')" = 75 ]
	[[ $(sample hotswap_rollout_left_seconds) == 5?.* ]]
	[ "$(sample hotswap_generation_checks_total 'role="candidate"' 'result="pass"')" -ge 1 ]
	[ "$(sample hotswap_generation_healthy 'role="candidate"')" = 1 ]
	hotswap promote web
}

is_shifting() {
	[ "$(sample hotswap_rollout_state 'state="shifting"')" = 1 ]
}

@test "metrics: a service that would not outlive its supervisor says so" {
	serve
	[ "$(sample hotswap_held)" = 1 ]
	kill -KILL "$SUPERVISOR"
	until_true is_not_held
}

is_not_held() {
	[ "$(sample hotswap_held)" = 0 ]
}

@test "history: shares one after the other, how long, and why it ended" {
	serve --canary 5,50 --step-time 200ms
	release server v2
	hotswap upgrade web
	release server v3 --exit 3
	expect 1 hotswap upgrade web
	hotswap history web >table
	grep -E 'promoted +1 +2 +[0-9.]+ (ms|s) +5,50,100' table
	grep -E 'aborted +2 +3 .* - +the program exited' table
	hotswap history web --json | head -n 1 >first
	[ "$(field '[.phases[] | select(.phase == "shift").share]' first)" = '[5,50]' ]
	[ "$(field 'all(.phases[] | select(.phase == "shift"); .ms >= 150)' first)" = true ]
}

@test "events: all recent ones as JSON lines, in order" {
	serve
	release server v2
	hotswap upgrade web
	hotswap events web | gojq -r -s 'map(.event) | join(" ")' >names
	grep -q 'started ready .*started ready shifted promoted' names
}
