#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The live picture: status --watch, and upgrade on a terminal.

load helper

# on_terminal SIZE COMMAND...: run the command; the file screen has what it
# shows.
on_terminal() {
	TERM=xterm "$BATS_TEST_DIRNAME/terminal.py" "$@" 3>&- &
	TERMINAL=$!
	PIDS+=("$TERMINAL")
	until_true test -p keys
}

shows() {
	grep -qE "$1" screen
}

# shows_once PATTERN: exactly one line is like that.
shows_once() {
	[ "$(grep -cE "$1" screen)" = 1 ]
}

fits() {
	[ "$(awk '{ if (length > n) n = length } END { print n }' screen)" -le "$1" ]
}

@test "watch: roles, shares, checks and the time left, in 80 columns, kept up to date" {
	serve --canary 25 --step-time 59s --bake 30s
	on_terminal 80x24 hotswap status web --watch
	until_true shows '1  active  \[############\] 100 %'
	release server v2
	hotswap upgrade web --no-wait
	until_true shows 'rollout 1 -> 2 is shifting at 25 %, [0-9.]+ s left'
	shows '1  active     \[#########---\]  75 %'
	shows '2  candidate  \[###---------\]  25 %'
	until_true shows 'rollout 1 -> 2 is shifting at 25 %, (5[0-7]|[1-4]?[0-9])\.[0-9] s left'
	hotswap promote web
	until_true shows 'last: generation 2: serves'
	until_true shows '1  parked .* [1-5]?[0-9]\.[0-9] s$'
	shows_once '^web: '
	fits 80
	echo q >keys
	expect 0 wait "$TERMINAL"
	[ "$(version)" = v2 ]
	shows 'generation 2 serves'
}

@test "watch: Ctrl-C ends it with 0 and leaves the service and the terminal alone" {
	serve
	# shellcheck disable=SC2016
	on_terminal 80x24 bash -c 'hotswap status web --watch; echo "status $?"
		stty -a | grep -oE -e "-?\<(icanon|echo)\>"'
	until_true shows 'q ends watching'
	echo interrupt >keys
	until_true shows "^icanon"
	expect 0 wait "$TERMINAL"
	shows '^status 0'
	shows '^echo'
	[ "$(version)" = v1 ]
}

@test "watch: a terminal that becomes narrower and lower shows one whole picture" {
	serve
	on_terminal 100x24 hotswap status web --watch
	until_true shows 'q ends watching'
	echo "resize 40x4" >keys
	until_true fits 40
	release server v2
	hotswap upgrade web --no-wait
	until_true shows_once '^web: generation'
	[ "$(wc -l <screen)" -le 5 ]
	echo q >keys
	expect 0 wait "$TERMINAL"
}

@test "watch: colours on a terminal, none with NO_COLOR" {
	serve
	on_terminal 80x24 hotswap status web --watch
	until_true shows 'q ends watching'
	shows '^\[colours\]'
	echo q >keys
	wait "$TERMINAL"
	rm keys screen
	NO_COLOR=1 on_terminal 80x24 hotswap status web --watch
	until_true shows 'q ends watching'
	expect 1 shows '^\[colours\]'
	echo q >keys
	wait "$TERMINAL"
}

@test "watch: to a file, a picture each time something happens, without controls" {
	serve
	hotswap status web --watch >pictures 3>&- &
	PIDS+=($!)
	hotswap status web --watch --json >objects 3>&- &
	PIDS+=($!)
	until_true grep -q 'generation 1 serves' pictures
	until_true test -s objects
	release server v2
	hotswap upgrade web --bake 1h --no-wait
	until_true grep -q 'is baking at 100 %' pictures
	hotswap promote web
	until_true grep -q 'generation 2 serves' pictures
	expect 1 grep -q "$(printf '\033')" pictures
	tail -n 1 objects >object
	[ "$(field .name object)" = web ]
	hotswap stop web --now
	expect 69 wait "${PIDS[-1]}"
}

@test "watch: upgrade on a terminal shows events, and the picture below them" {
	serve --bake 59s
	release server v2
	on_terminal 80x24 hotswap upgrade web
	until_true shows 'is baking at 100 %, [0-9.]+ s left'
	shows '2  candidate  \[############\] 100 %'
	shows_once '^web: generation'
	hotswap promote web
	expect 0 wait "$TERMINAL"
	shows 'upgrade done, generation 2 serves'
	expect 1 shows 'is baking'
	[ "$(grep -c 'generation 2: ready' screen)" = 1 ]
}

# has_successor PID: another supervisor than this one answers.
has_successor() {
	local now

	now=$(supervisor 2>/dev/null) && [ -n "$now" ] && [ "$now" != "$1" ]
}

@test "watch: a supervisor that is killed again and again has not ended" {
	local pid watches

	serve
	hotswap status web --watch >pictures 2>said 3>&- &
	PIDS+=($!)
	hotswap status web --watch --json >objects 2>>said 3>&- &
	PIDS+=($!)
	watches=("${PIDS[@]:1}")
	until_true test -s pictures
	until_true test -s objects
	for _ in {1..20}; do
		pid=$(supervisor)
		kill -KILL "$pid"
		until_true has_successor "$pid"
		kill -0 "${watches[@]}" || {
			cat said
			return 1
		}
	done
	hotswap stop web --now
	expect 69 wait "${watches[0]}"
	expect 69 wait "${watches[1]}"
	grep -q 'the supervisor has ended' said
}

@test "watch: a successor may be long in coming, as long as the keeper lives" {
	local pid

	serve
	hotswap status web --watch >pictures 2>said 3>&- &
	PIDS+=($!)
	until_true grep -q 'generation 1 serves' pictures
	pid=$(supervisor)
	kill -STOP "$SUPERVISOR"
	kill -KILL "$pid"
	until_true test -s said
	grep -q 'no other one answers yet' said
	kill -CONT "$SUPERVISOR"
	until_true has_successor "$pid"
	release server v2
	hotswap upgrade web
	until_true grep -q 'generation 2 serves' pictures
	hotswap stop web --now
	expect 69 wait "${PIDS[-1]}"
	grep -q 'the supervisor has ended' said
}
