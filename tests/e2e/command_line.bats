#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
#
# The command line with a stand-in for the supervisor that answers as the test
# wants: exit statuses, JSON and messages, also for answers that the real
# supervisor would not give.

load helper

# What is run separately, says shellcheck, is never assigned.
stderr=

setup() {
	hotswap=${HOTSWAP_BUILD:-$BATS_TEST_DIRNAME/../../build}/bin/hotswap
	export HOTSWAP_RUNTIME_DIR=$BATS_TEST_TMPDIR/run
	export HOTSWAP_STATE_DIR=$BATS_TEST_TMPDIR/state
	mkdir -m 700 "$HOTSWAP_RUNTIME_DIR"
	PIDS=()
	cd "$BATS_TEST_TMPDIR" || return 1
}

# fake NAME SCRIPT: run a supervisor that answers by the script.
fake() {
	calls=$BATS_TEST_TMPDIR/$1.calls
	python3 "$BATS_TEST_DIRNAME/fake_supervisor.py" \
	    "$HOTSWAP_RUNTIME_DIR/$1.sock" "$2" >"$calls" 3>&- &
	PIDS+=($!)
	until_true grep -q listening "$calls"
}

# outcome RESULT REASON: print the last reply of a rollout from 1 to 2.
outcome() {
	printf '{"parameters": {"outcome": {"result": "%s", "name": "web",
	    "from": 1, "to": 2, "reason": "%s", "duration_ms": 5200,
	    "started": "2026-01-31T12:00:00.000Z", "phases": []}}}' "$1" "$2"
}

event() {
	printf '{"parameters": {"event": {"event": "%s", "message": "%s"}},
	    "continues": true}' "$1" "$2"
}

failure() {
	printf '{"error": "%s", "parameters": {"message": "%s"}}' "$1" "$2"
}

# field JSON FILTER: print what the gojq filter finds in the JSON.
field() {
	gojq -r -c "$2" <<<"$1"
}

status_of_two='{"parameters": {"status": {"name": "web", "pid": 4242,
    "version": "1", "active": 2, "rollout": {"state": "baking", "from": 1,
    "to": 2, "share": 100, "left_ms": 3200}, "listeners": [
    {"name": "a\"b", "address": "127.0.0.1:80", "type": "stream",
    "steering": "reuseport", "queues": [{"generation": 2, "queued": 17}]}],
    "generations": [{"number": 1, "role": "parked", "share": 0, "pid": 11,
    "program": "/opt/v1/server", "arguments": ["server", "-x"],
    "sha256": "aa", "started": "2026-01-31T12:00:00Z", "restarts": 0,
    "connections": 5, "status": "", "health": {"last": "none"}},
    {"number": 2, "role": "active", "share": 100, "pid": 12,
    "program": "/opt/v2/server", "arguments": ["server"], "sha256": "bb",
    "started": "2026-01-31T12:00:00Z", "restarts": 3, "connections": -1,
    "status": "\u001b[2Jhello", "health": {"last": "fail",
    "reason": "status 500"}}], "counters": {"promoted": 7}}}}'

@test "upgrade: a promoted candidate is status 0, and events are told on stderr" {
	fake web "{\"Upgrade\": [$(event ready 'generation 2: ready after 35 ms'),
	    $(outcome promoted '')]}"
	run --separate-stderr "$hotswap" upgrade
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	[[ $stderr == *'hotswap: web: generation 2: ready after 35 ms'* ]]
	[[ $stderr == *'generation 2 serves, after 5.2 s'* ]]
}

@test "upgrade: one that was taken back is status 1 with the reason" {
	fake web "{\"Upgrade\": [$(outcome rolled-back 'the program exited')]}"
	run --separate-stderr "$hotswap" upgrade web --json
	[ "$status" -eq 1 ]
	[[ $stderr == *'rolled-back: the program exited; generation 1 serves' ]]
	[ "$(field "$output" .result)" = rolled-back ]
	[ "${#lines[@]}" -eq 1 ]
}

@test "rollback: one that was rolled back is status 0, an aborted one 1" {
	fake web "{\"Rollback\": [$(outcome rolled-back '')]}"
	fake api "{\"Rollback\": [$(outcome aborted 'it died')]}"
	run "$hotswap" rollback web
	[ "$status" -eq 0 ]
	run "$hotswap" rollback api
	[ "$status" -eq 1 ]
	[[ $output == *'it died'* ]]
}

@test "each error of the interface has its exit status" {
	fake web "{
	    \"Upgrade\": [$(failure org.hotswap.Supervisor.Refused busy)],
	    \"Rollback\": [$(failure org.hotswap.Supervisor.Failed broken)],
	    \"Restart\": [$(failure org.hotswap.Supervisor.InvalidOption odd)],
	    \"Abort\": [$(failure org.hotswap.Supervisor.NotPermitted no)],
	    \"Promote\": [$(failure org.varlink.service.InvalidParameter x)],
	    \"Signal\": [$(failure org.varlink.service.MethodNotFound x)]}"
	run -2 "$hotswap" upgrade
	[ "$output" = 'hotswap: web: busy' ]
	run -1 "$hotswap" rollback
	run -78 "$hotswap" restart
	run -77 "$hotswap" abort
	run -64 "$hotswap" promote
	run -70 "$hotswap" signal HUP
}

@test "a refused upgrade prints an outcome that says so" {
	fake web "{\"Upgrade\": [$(failure org.hotswap.Supervisor.Refused busy)]}"
	run --separate-stderr "$hotswap" upgrade --json
	[ "$status" -eq 2 ]
	[ "$(field "$output" .result)" = refused ]
	[ "$(field "$output" .reason)" = busy ]
}

@test "--timeout: status 75, and the rollout is said to go on" {
	fake web '{"Upgrade": ["hang"], "Wait": ["hang"]}'
	run --separate-stderr "$hotswap" upgrade --timeout 100ms --json
	[ "$status" -eq 75 ]
	[ "$(field "$output" .result)" = timeout ]
	[[ $stderr == *'the upgrade goes on'* ]]
	run -75 "$hotswap" wait --for idle --timeout 100ms
	[[ $output == *'still not idle'* ]]
}

@test "Ctrl-C during the wait: status 75, and the rollout is said to go on" {
	fake web '{"Upgrade": ["hang"]}'
	env --default-signal=INT "$hotswap" upgrade \
	    2>"$BATS_TEST_TMPDIR/err" 3>&- &
	local pid=$! ended=0
	until_true grep -q Upgrade "$calls"
	kill -INT "$pid"
	wait "$pid" || ended=$?
	[ "$ended" -eq 75 ]
	grep -q 'the upgrade goes on' "$BATS_TEST_TMPDIR/err"
}

@test "a supervisor that goes away for good while it is waited for is status 69" {
	fake web "{\"Upgrade\": [$(event ready 'is ready'), \"die\"]}"
	run -69 "$hotswap" upgrade
	[[ $output == *'there is no other'* ]]
}

@test "--no-wait returns once the rollout has begun" {
	fake web '{"Upgrade": [{"parameters": {}}]}'
	run -0 "$hotswap" upgrade --no-wait
	grep -q '"wait": false' "$calls"
	run ! grep -q '"more": true' "$calls"
}

@test "upgrade sends what was given: options, file, program, directory" {
	fake web "{\"Upgrade\": [$(outcome promoted '')]}"
	run -0 "$hotswap" upgrade --health http://a/ --health=tcp://b:1 \
	    --bake 1s -- ./prog -x --
	local call
	call=$(tail -n 1 "$calls")
	[ "$(field "$call" .parameters.options)" = \
	    '{"bake":"1s","health":["http://a/","tcp://b:1"]}' ]
	[ "$(field "$call" .parameters.arguments)" = \
	    '["./prog","-x","--"]' ]
	[ "$(field "$call" .parameters.directory)" = "$PWD" ]
	[ "$(field "$call" .more)" = true ]
}

# pictured: the picture is drawn before the time TIMEOUT is over, or that is
# doubled for the next try.
pictured() {
	TERM=xterm run -75 script -qec \
		"'$hotswap' upgrade --timeout ${TIMEOUT}ms" /dev/null
	((TIMEOUT *= 2))
	[[ $status = 75 && $output == *'is baking at 100 %'*'left'* ]]
}

@test "on a terminal the picture below the events says what is waited for" {
	fake web "{\"Upgrade\": [$(event ready 'is ready'), \"hang\"],
	    \"Status\": [$status_of_two]}"
	TIMEOUT=700
	until_true pictured
	grep -q Status "$calls"
}

@test "status: what stands out is there, and 80 columns are enough" {
	fake web "{\"Status\": [$status_of_two]}"
	run -0 "$hotswap" status
	[[ $output == *'generation 2 serves, rollout 1 -> 2 is baking'* ]]
	[[ $output == *'/opt/v1/server -x'* ]]
	[[ $output == *'status 500'* ]]
	[[ $output != *$'\e'* ]]
	[ "$(wc -L <<<"$output")" -le 80 ]
	run -0 "$hotswap" status --json
	[ "$(field "$output" '.generations[1].restarts')" = 3 ]
}

# lists_all: one that answers has done so within the time of list.
lists_all() {
	"$hotswap" list >said &&
		[[ $(<said) == *'baking'*'stuck'*'no answer'* ]]
}

# all_told: all that answer have done so within the time of metrics.
all_told() {
	"$hotswap" metrics --all >said 2>err && [ ! -s err ] &&
		[ "$(grep -c '^hotswap_up{.* 1$' said)" = 2 ]
}

@test "list: all that answer, one that does not, none that is dead" {
	fake api "{\"Status\": [$status_of_two]}"
	fake stuck '{}'
	fake dead '{}'
	kill "${PIDS[2]}"
	wait "${PIDS[2]}" || true
	until_true lists_all
	run ! grep dead said
	run -0 "$hotswap" list --json
	[ "$(field "$output" '.[1].name')" = stuck ]
}

@test "metrics: labels are escaped, what was not counted is left out" {
	fake web "{\"Status\": [$status_of_two]}"
	run -0 "$hotswap" metrics
	[[ $output == *'hotswap_up{service="web"} 1'* ]]
	[[ $output == *'_rollouts_total{service="web",result="promoted"} 7'* ]]
	[[ $output == *'generation_connections{service="web",generation="1"'* ]]
	[[ $output != *'generation_connections{service="web",generation="2"'* ]]
	[[ $output == *'hotswap_generation_healthy{'*'"2",role="active"} 0'* ]]
}

@test "metrics --all: each family once, with a sample of each service that answers" {
	fake web "{\"Status\": [$status_of_two]}"
	fake api "{\"Status\": [$status_of_two]}"
	fake silent '{"Status": ["hang"]}'
	fake dead '{}'
	kill "${PIDS[3]}"
	wait "${PIDS[3]}" || true
	# A name that no service can have is written as the format demands.
	cp -a "$HOTSWAP_RUNTIME_DIR/dead.sock" "$HOTSWAP_RUNTIME_DIR/a\"b\\.sock"
	until_true all_told
	output=$(<said)
	diff <(grep ^hotswap_up <<<"$output") - <<-'EOF'
		hotswap_up{service="a\"b\\"} 0
		hotswap_up{service="api"} 1
		hotswap_up{service="dead"} 0
		hotswap_up{service="silent"} 0
		hotswap_up{service="web"} 1
	EOF
	[ "$(grep -c '^hotswap_active_generation{' <<<"$output")" = 2 ]
	[ -z "$(grep '^# TYPE' <<<"$output" | sort | uniq -d)" ]
	promtool check metrics <<<"$output"
	run -64 "$hotswap" metrics --all web
}

@test "metrics --all, list: supervisors that take no connection hold up nobody" {
	fake web "{\"Status\": [$status_of_two]}"
	python3 - "$HOTSWAP_RUNTIME_DIR" 3>&- <<-'EOF' &
		import socket, sys, time
		full = []
		for i in range(30):
		    path = f"{sys.argv[1]}/full{i}.sock"
		    full.append(socket.socket(socket.AF_UNIX))
		    full[-1].bind(path)
		    full[-1].listen(0)
		    full.append(socket.socket(socket.AF_UNIX))
		    full[-1].connect(path)
		open("full", "w").close()
		time.sleep(600)
	EOF
	PIDS+=($!)
	until_true test -e full
	# One after the other they would take much longer than this.
	run -0 timeout 50 "$hotswap" metrics --all
	[ "$(grep -c '^hotswap_up{.*} 0' <<<"$output")" = 30 ]
	[[ $output == *'hotswap_up{service="web"} 1'* ]]
	run -0 timeout 50 "$hotswap" list
	[ "$(grep -c 'no answer' <<<"$output")" = 30 ]
}

@test "without a name: the only live service, else all names" {
	fake web '{"Signal": [{"parameters": {}}]}'
	fake dead '{}'
	kill "${PIDS[1]}"
	wait "${PIDS[1]}" || true
	run -0 "$hotswap" signal HUP
	fake api '{}'
	run -64 "$hotswap" signal HUP
	[[ $output == *'(api, web)' ]]
}

@test "no supervisor: status 69, whether the socket is missing or dead" {
	run -69 "$hotswap" status
	run -69 "$hotswap" status web
	[[ $output == *'no supervisor of "web" runs'* ]]
	fake web '{}'
	kill "${PIDS[0]}"
	wait "${PIDS[0]}" || true
	run -69 "$hotswap" stop web
	run -64 "$hotswap" status ../web
}

@test "stop waits for the end of the supervisor, not only for its reply" {
	fake web '{"Stop": [{"parameters": {}}, "close"]}'
	run -0 "$hotswap" stop --now
	grep -q '"now": true' "$calls"
	fake api '{"Stop": ["die"]}'
	run -0 "$hotswap" stop api
}

@test "history: from the supervisor, and from the file once it has ended" {
	local past='{"result": "aborted", "from": 1, "to": 2,
	    "started": "2026-01-31T12:00:00.000Z", "duration_ms": 90,
	    "reason": "exited with status 3"}'
	fake web "{\"History\": [{\"parameters\": {\"outcomes\": [$past]}}]}"
	run -0 "$hotswap" history web
	[[ $output == *'2026-01-31T12:00:00Z  aborted'*'exited with status 3'* ]]
	mkdir -p "$HOTSWAP_STATE_DIR/old"
	tr -d '\n' <<<"$past" >"$HOTSWAP_STATE_DIR/old/history"
	printf '\n{"torn' >>"$HOTSWAP_STATE_DIR/old/history"
	run -0 "$hotswap" history old --json
	[ "${#lines[@]}" -eq 1 ]
	[ "$(field "$output" .to)" = 2 ]
	run -69 "$hotswap" history never
}

@test "usage: what is mistyped is named, with what is near to it" {
	run -64 "$hotswap"
	run -64 "$hotswap" stauts
	[[ $output == *'"status"'* ]]
	run -64 "$hotswap" split
	run -64 "$hotswap" list --watch
	run -64 "$hotswap" upgrade --bkae 1s
	[[ $output == *'--bake'* ]]
	run -64 "$hotswap" upgrade --listen 80
	[[ $output == *'an upgrade cannot change it'* ]]
	run -64 "$hotswap" upgrade --bake
	run -64 "$hotswap" stop --now=yes
	run -64 "$hotswap" start /bin/true
	[[ $output == *'put -- before it'* ]]
	run -64 "$hotswap" start --bake 3q -- /bin/true
	run -64 "$hotswap" wait
}

@test "--config: faults are status 78 and name line, column and key" {
	printf '{\n  "bake": "3q"\n}' >"$BATS_TEST_TMPDIR/c.json"
	run -78 "$hotswap" run -c "$BATS_TEST_TMPDIR/c.json" -- /bin/true
	[[ $output == *'c.json:2:'*'bake'* ]]
}

@test "every command has a help of at most 80 columns" {
	run -0 "$hotswap" --help
	local commands
	commands=$(sed -n 's/^  \([a-z][a-z]*\)  .*/\1/p' <<<"$output")
	[ "$(wc -w <<<"$commands")" -ge 17 ]
	for command in $commands; do
		run -0 "$hotswap" "$command" --help
		[[ $output == "usage: hotswap $command"* ]]
		[ "$(wc -L <<<"$output")" -le 80 ]
	done
}

@test "a wrong value is quoted in the message, also of what only commands have" {
	local flag

	for flag in "wait web --for foo" "wait web --timeout foo" \
		"rollback web --to foo" "exporter --listen foo" \
		"run --bake foo -- true" "run --strategy foo -- true"; do
		# shellcheck disable=SC2086 # one word an argument
		run -64 "$hotswap" $flag
		[[ $output =~ ^hotswap:\ --[a-z]*:\ \"foo\":\ not\  ]]
	done
}

@test "what cannot be written to stdout is not a success" {
	run -70 bash -c "'$hotswap' --help >/dev/full"
}
