#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Hooks: commands at events, which run in order and delay nothing.

# The shell of the hooks expands the commands.
# shellcheck disable=SC2016

load helper

# A hook writes one line into the file `hooks`.
NOTE='echo $HOTSWAP_EVENT $HOTSWAP_GENERATION $HOTSWAP_SHARE >>hooks'

# noted LINE...: the file has these lines, in this order.
noted() {
	diff hooks <(printf '%s\n' "$@")
}

# has_noted LINE: the file has this line.
has_noted() {
	grep -qsx "$1" hooks
}

# is_dead PID: the process has gone, or is a zombie.
is_dead() {
	! grep -qs '^State:[[:space:]]*[^ZX]' "/proc/$1/status"
}

# every_hook: print options that note each event.
every_hook() {
	local event

	EVERY=()
	for event in started ready shifted promoted aborted rolled-back drained \
		retired crashed; do
		EVERY+=(--hook "$event=$NOTE")
	done
}

@test "hooks: each event has its turn, in order, also at the end" {
	every_hook
	serve "${EVERY[@]}" --keep 0
	release server v2
	hotswap upgrade web --canary 50 --step-time 100ms
	until_true has_noted "retired 1 0"
	hotswap stop web
	noted "started 1 0" "ready 1 0" "promoted 1 100" "started 2 0" \
		"ready 2 0" "shifted 2 50" "shifted 2 100" "promoted 2 100" \
		"drained 1 0" "retired 1 0" "drained 2 100" "retired 2 100"
}

@test "hooks: a broken candidate is aborted, one that served rolled back" {
	every_hook
	serve "${EVERY[@]}" --bake 1h
	release server v2 --exit 3
	expect 1 hotswap upgrade web
	until_true has_noted "aborted 2 0"
	release server v3 --die-after-requests 1
	hotswap upgrade web 2>err 3>&- &
	until_true grep -q "gets 100 %" err
	until_true is_version v1
	expect 1 wait $!
	until_true has_noted "rolled-back 3 0"
	kill -KILL "$(pid_of 1)"
	until_true has_noted "crashed 1 100"
}

@test "hooks: a program that is given up has crashed once" {
	every_hook
	serve "${EVERY[@]}" --restart never
	release server v2
	hotswap upgrade web
	until_true is_role 1 parked
	kill -KILL "$(pid_of 2)"
	until_true is_version v1
	until_true has_noted "rolled-back 1 100"
	[ "$(grep -c "^crashed" hooks)" = 1 ]
}

@test "hooks: the environment tells what has happened to whom" {
	serve --hook 'promoted=env >env.{generation}; pwd >>env.{generation}' \
		--hook 'rolled-back=echo "$HOTSWAP_REASON" >reason' --bake 1h
	until_true grep -qsx "$PWD" env.1
	grep -qx HOTSWAP_NAME=web env.1
	grep -qx HOTSWAP_GENERATION=1 env.1
	grep -qx HOTSWAP_SLOT=1 env.1
	grep -qx "HOTSWAP_PID=$(pid_of 1)" env.1
	grep -qx HOTSWAP_EVENT=promoted env.1
	grep -qx HOTSWAP_SHARE=100 env.1
	grep -qx HOTSWAP_PROBE_SOURCE=127.83.0.1 env.1
	grep -q '^HOTSWAP_REASON=generation 1: ' env.1
	release server v2 --die-after-requests 1
	hotswap upgrade web 2>err 3>&- &
	until_true grep -q "gets 100 %" err
	until_true is_version v1
	expect 1 wait $!
	until_true grep -qs "SIGSEGV" reason
}

@test "hooks: a slow one holds up neither the rollout nor who answers" {
	serve --hook \
		'promoted=until [ -e go ]; do sleep 0.02; done; echo slept >>hooks' \
		--hook "retired=$NOTE" --keep 0
	load_begin --rate 500
	release server v2
	hotswap upgrade web
	until_true is_role 1 retired
	[ ! -e hooks ]
	[ "$(version)" = v2 ]
	load_end
	touch go
	until_true has_noted "retired 1 0"
	noted slept slept "retired 1 0"
}

@test "hooks: what one says is logged, that it failed is an event" {
	serve --hook 'ready=echo one; echo two >&2; exit 3' \
		--hook 'ready=kill -TERM $$'
	until_true grep -q "hook ready: .*killed by SIGTERM" run.log
	grep -q "hook ready: one" run.log
	grep -q "hook ready: two" run.log
	grep -q "hook ready: echo one; .*: exited with status 3: two" run.log
	hotswap events web | grep -q '"event": *"hook-failed"'
	[ "$(version)" = v1 ]
}

@test "hooks: one that never ends is ended with the service, in bounded time" {
	serve --hook 'promoted=echo $$ >hook.pid; sleep 1000' \
		--hook "retired=$NOTE"
	until_true test -s hook.pid
	start=$SECONDS
	hotswap stop web
	((SECONDS - start < 30))
	expect 0 wait "$SUPERVISOR"
	until_true is_dead "$(cat hook.pid)"
	until_true grep -q "2 hooks are given up" run.log
}

@test "hooks: an event that is none is refused before anything is started" {
	expect 64 hotswap run -n web --hook 'promote=true' -- ./server 2>err
	grep -q "not EVENT=COMMAND" err
	expect 64 hotswap run -n web --hook 'promoted=' -- ./server 2>err
	grep -q "no command" err
}
