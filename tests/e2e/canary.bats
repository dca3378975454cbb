#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Gray release: the kernel gives the candidate a part of the connections.
# CONNECTIONS=N makes N connections for each share instead of 3000.

load helper

CONNECTIONS=${CONNECTIONS:-3000}
RATE=20000

# choose_port: choose PORT, for a test that names it before serve does.
choose_port() {
	PORT=$(free_port)
}

# shifted SHARE: the candidate has this share of the new connections.
shifted() {
	[ "$(field .rollout.share)" = "$1" ] &&
		[ "$(field .rollout.state)" = shifting ]
}

is_checking() {
	[ "$(field .rollout.state)" = checking ]
}

# canary SHARE OPTIONS...: upgrade to v2 and hold the rollout at this share.
canary() {
	release server v2
	hotswap upgrade web --canary "$1" --step-time 1h --no-wait "${@:2}"
	until_true shifted "$1"
}

# requests COUNT OPTIONS... ADDRESS: make requests, reported in part.json; each
# must succeed.
requests() {
	"$BUILD/load" --timeout 60s --rate "$RATE" --count "$@" >part.json || {
		cat part.json
		return 1
	}
}

# answers GENERATION: the number of the last requests that it answered.
answers() {
	field "[.generations[] | select(.generation == $1).answers] | add // 0" part.json
}

# within SHARE: the number of answers of generation 2 is one that chance gives
# in 997 of 1000 cases, or as DEVIATIONS says.
within() {
	local got

	got=$(answers 2)
	python3 -c 'import sys
n, share, got = (int(a) for a in sys.argv[1:4])
mean, sd = n * share / 100, (n * share * (100 - share)) ** 0.5 / 100
print(f"{share} % of {n}: {got}, {(got - mean) / sd:+.1f} standard deviations")
sys.exit(abs(got - mean) > float(sys.argv[4]) * sd)' \
		"$CONNECTIONS" "$1" "$got" "${DEVIATIONS:-3}"
}

# slowly: send datagrams slowly, as a busy server drops those that have no room.
slowly() {
	RATE=1000
	CONNECTIONS=$((CONNECTIONS / 4))
}

# shares ADDRESS OPTIONS...: each share is kept; a share that chance has missed
# is tried a second time, and slowly: a client that finds the queue of a busy
# server full comes again, and is given to a generation anew.
shares() {
	local share

	for share in 1 5 25 50 99; do
		hotswap split web $share
		requests "$CONNECTIONS" "${@:2}" "$1"
		within $share && continue
		RATE=$((RATE / 10)) requests "$CONNECTIONS" "${@:2}" "$1"
		within $share
	done
}

@test "canary: shares of 1 to 99 % are kept to, over IPv4" {
	serve
	canary 1
	shares "127.0.0.1:$PORT"
}

@test "canary: shares of 1 to 99 % are kept to, over IPv6" {
	choose_port
	serve -l "[::1]:$PORT"
	canary 1
	shares "[::1]:$PORT"
}

@test "canary: shares of 1 to 99 % are kept to, by both kinds of clients of one socket" {
	choose_port
	hotswap run -n web -l "[::]:$PORT" --bake 200ms --keep 1m -- ./server \
		>>run.log 2>&1 3>&- &
	PIDS+=("$!")
	until_true hotswap wait web --for ready --timeout 10s 2>/dev/null
	canary 1
	CONNECTIONS=$((CONNECTIONS / 2))
	shares "127.0.0.1:$PORT"
	shares "[::1]:$PORT"
}

@test "canary: shares of 1 to 99 % are kept to, for UDP" {
	choose_port
	serve -l "udp:127.0.0.1:$PORT"
	canary 1
	slowly
	shares "udp:127.0.0.1:$PORT" --source "127.1.0.1/$CONNECTIONS"
}

@test "canary: the steps are taken in turn, each for its time, and told" {
	serve
	release server v2
	hotswap upgrade web --canary 5,25,50 --step-time 300ms --json >outcome.json
	[ "$(field '[.phases[] | [.phase, .share]]' outcome.json)" = \
		'[["resolve",null],["start",null],["check",null],["shift",5],["shift",25],["shift",50],["bake",null]]' ]
	[ "$(field 'all(.phases[] | select(.phase == "shift"); 280 <= .ms)' outcome.json)" = true ]
	[ "$(field .result outcome.json)" = promoted ]
	[ "$(version)" = v2 ]
	# From then on: what came with one upgrade holds for the next.
	release server v3
	hotswap upgrade web --json >outcome.json
	[ "$(field '[.phases[] | select(has("share")).share]' outcome.json)" = '[5,25,50]' ]
	release server v4
	hotswap upgrade web --canary none --json >outcome.json
	[ "$(field '[.phases[] | select(has("share")).share]' outcome.json)" = '[]' ]
}

@test "canary: going back to a parked generation takes no steps" {
	serve --canary 50 --step-time 100ms
	release server v2
	hotswap upgrade web
	until_true is_role 1 parked
	hotswap rollback web --json >outcome.json
	[ "$(field '[.phases[] | select(has("share")).share]' outcome.json)" = '[]' ]
	[ "$(version)" = v1 ]
}

# all_answered N: each of N clients of load_begin has been answered.
all_answered() {
	echo report now.json >steer
	[ "$(field .sources.answered now.json)" = "$1" ]
}

@test "sticky: a client stays with its generation, and moves once at most" {
	serve --sticky
	canary 5
	load_begin --rate 1000 --source 127.10.0.1/1000
	for share in 5 25 50 100; do
		hotswap split web $share
		requests "$CONNECTIONS" --source 127.10.0.1/1000 "127.0.0.1:$PORT"
		[ "$(field .sources.moved part.json)" = 0 ]
	done
	until_true all_answered 1000
	load_end
	[ "$(field .sources.answered load.json)" = 1000 ]
	[ "$(field .sources.most_moves load.json)" = 1 ]
	[ "$(field '[.generations[].version]' part.json)" = '["v2"]' ]
}

@test "without --sticky clients come to both generations" {
	serve
	canary 50
	requests 20000 --source 127.10.0.1/1000 "127.0.0.1:$PORT"
	[ "$(field .sources.moved part.json)" -gt 990 ]
}

@test "preview: the named networks reach the candidate, no other does" {
	serve --preview 127.20.0.0/16 --preview 127.30.0.7
	canary 0
	requests 10000 --source 127.10.0.1/1000 "127.0.0.1:$PORT"
	[ "$(answers 2)" = 0 ]
	requests 1000 --source 127.20.0.1/1000 "127.0.0.1:$PORT"
	[ "$(answers 2)" = 1000 ]
	requests 100 --source 127.30.0.7 "127.0.0.1:$PORT"
	[ "$(answers 2)" = 100 ]
	requests 100 --source 127.30.0.6 "127.0.0.1:$PORT"
	[ "$(answers 2)" = 0 ]
	# And not after it was taken back.
	hotswap abort web
	requests 100 --source 127.20.0.1 "127.0.0.1:$PORT"
	[ "$(answers 2)" = 0 ]
}

@test "preview: without a canary they alone see it, for one step" {
	serve
	release server v2
	hotswap upgrade web --preview 127.20.0.0/16 --step-time 1h --no-wait
	until_true shifted 0
	requests 1000 --source 127.20.0.1/100 "127.0.0.1:$PORT"
	[ "$(answers 2)" = 1000 ]
	requests 1000 "127.0.0.1:$PORT"
	[ "$(answers 2)" = 0 ]
	hotswap promote web
	is_version v2
}

@test "split: holds a share that no time ends, also out of the bake" {
	serve --bake 300ms
	release server v2
	hotswap upgrade web --bake 1h --no-wait
	until_true is_version v2
	hotswap split web 0
	[ "$(version)" = v1 ]
	[ "$(field .rollout.left_ms)" = null ]
	hotswap split web 100
	[ "$(version)" = v2 ]
	shifted 100
	hotswap promote web
	[ "$(field .active)" = 2 ]
	release server v3
	hotswap upgrade web --canary 10 --step-time 100ms --bake 1m --no-wait
	until_true hotswap split web 20
	# That nothing comes of it when the step's time passes, time alone shows.
	sleep 0.5
	shifted 20
	hotswap abort web
	[ "$(version)" = v2 ]
}

@test "split: has no place before the check has passed, nor without a rollout" {
	serve
	expect 2 hotswap split web 5 2>err
	grep -q "no rollout is under way" err
	release server v2 --hang-while-open
	hotswap upgrade web --no-wait
	until_true is_checking
	expect 2 hotswap split web 5 2>err
	grep -q "not passed its check" err
	expect 64 hotswap split web 101
	expect 64 hotswap split web -- -1
	expect 64 hotswap split web half
}

# taken_back: the rollout has ended, and the last one did not succeed.
taken_back() {
	[ "$(field '[.counters["rolled-back"], .rollout.state]')" = \
		'[1,"idle"]' ]
}

# taken_back_unserved: as taken_back, and the candidate has served nobody.
taken_back_unserved() {
	[ "$(field '[.counters.aborted, .rollout.state]')" = \
		'[1,"idle"]' ]
}

# met_few_and_none_later: generation 2 answered at most 5 % of the requests, and
# 3 standard deviations, and none after it was taken back.
met_few_and_none_later() {
	hotswap events web | python3 -c 'import json, sys, datetime
def when(text):
	return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
events = [json.loads(line) for line in sys.stdin]
back = when([e for e in events if e["event"] == "rolled-back"][0]["time"])
load = json.load(open("load.json"))
n = load["requests"]
g = [g for g in load["generations"] if g["generation"] == 2][0]
print(n, "requests, the candidate answered", g["answers"])
late = (when(g["last"]) - back).total_seconds()
print("its last one came", late, "s after the take-back")
sys.exit(g["answers"] > n * 0.05 + 3 * (n * 0.05 * 0.95) ** 0.5 or late > 0.002)'
}

@test "a canary that fails its check at 5 % is taken back by itself" {
	serve --health 'exec:test ! -e sick' --health-interval 100ms
	load_begin --rate 1000
	canary 5
	requests 3000 "127.0.0.1:$PORT"
	[ "$(answers 2)" -gt 0 ]
	touch sick
	until_true taken_back
	rm sick
	requests 3000 "127.0.0.1:$PORT"
	[ "$(answers 2)" = 0 ]
	load_end
	met_few_and_none_later
}

@test "a canary that crashes at 5 % is taken back by itself" {
	serve
	load_begin --rate 1000
	release server v2 --die-after-requests 200
	hotswap upgrade web --canary 5 --step-time 1h 2>err 3>&- &
	expect 1 wait $!
	grep -q "SIGSEGV" err
	requests 3000 "127.0.0.1:$PORT"
	[ "$(answers 2)" = 0 ]
	# What it had when it crashed is lost with it, nothing else.
	echo stop >steer
	wait "$CLIENT" || true
	[ "$(field '[.refused, .timed_out, .wrong]' load.json)" = '[0,0,0]' ]
	met_few_and_none_later
}

@test "a canary that hangs at 5 % is taken back by itself" {
	choose_port
	serve --health "http://127.0.0.1:$PORT/" --health-interval 100ms \
		--health-timeout 2s
	canary 5
	kill -STOP "$(pid_of 2)"
	until_true taken_back
	kill -CONT "$(pid_of 2)"
	requests 3000 "127.0.0.1:$PORT"
	[ "$(answers 2)" = 0 ]
}

@test "for UDP a client's datagrams stay with one generation at a held share" {
	choose_port
	serve -l "udp:127.0.0.1:$PORT" --steering classic
	canary 30
	slowly
	requests 2500 --source 127.1.0.1/500 "udp:127.0.0.1:$PORT"
	[ "$(answers 2)" -gt 0 ]
	[ "$(field .sources.moved part.json)" = 0 ]
}

@test "for UDP a canary that fails is taken back by itself" {
	choose_port
	serve -l "udp:127.0.0.1:$PORT" --health 'exec:test ! -e sick' \
		--health-interval 100ms
	canary 50
	slowly
	requests 1000 --source 127.1.0.1/1000 "udp:127.0.0.1:$PORT"
	[ "$(answers 2)" -gt 0 ]
	touch sick
	until_true taken_back
	requests 1000 --source 127.1.0.1/1000 "udp:127.0.0.1:$PORT"
	[ "$(answers 2)" = 0 ]
}

@test "the old program given up during a canary leaves all to the candidate" {
	serve --restart never
	canary 5
	kill -KILL "$(pid_of 1)"
	until_true grep -q "generation 2: gets 100 %" run.log
	hotswap wait web --for idle --timeout 100s
	[ "$(version)" = v2 ]
}

@test "the old program given up is back if the candidate fails as well" {
	serve --restart never
	release server v2 --hang-while-open
	hotswap upgrade web --start-timeout 10m --no-wait
	until_true is_checking
	kill -KILL "$(pid_of 1)"
	until_true grep -q "generation 1: active killed" run.log
	kill -KILL "$(pid_of 2)"
	until_true taken_back_unserved
	until_true is_version v1
}

@test "shares are refused where a Unix socket could not keep to them" {
	expect 78 hotswap run -n web -l "$PWD/web.sock" --canary 5 -- ./server \
		2>err
	grep -q "web.sock: no shares here: a Unix socket" err
	expect 78 hotswap run -n web -l @abstract-$$ --preview 10.0.0.0/8 \
		-- ./server 2>err
	grep -q "abstract-$$: no shares here: all generations share" err
	serve -l "$PWD/web.sock"
	expect 78 hotswap upgrade web --canary 5 2>err
	grep -q "canary: .*web.sock: no shares here" err
	[ "$(field '.generations | length')" = 1 ]
	release server v2
	hotswap upgrade web --bake 1h --no-wait
	until_true is_version v2
	expect 2 hotswap split web 50 2>err
	grep -q "no shares here" err
	hotswap split web 0
	[ "$(curl -s -D- --unix-socket web.sock http://x/ | grep -c 'X-Version: v1')" = 1 ]
	hotswap split web 100
	[ "$(curl -s -D- --unix-socket web.sock http://x/ | grep -c 'X-Version: v2')" = 1 ]
}
