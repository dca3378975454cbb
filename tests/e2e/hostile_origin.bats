#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Processes whose environment falsely says that they are a service's: no start
# is refused because of them, and none of them becomes its program.

load hostile

eval "hostile_$(declare -f teardown)"

setup() {
	hostile_setup
	STRANGER=61234
}

teardown() {
	local pid

	for pid in "${POSERS[@]}"; do
		kill -KILL "$pid" 2>/dev/null || true
	done
	hostile_teardown
}
# pose UID GENERATION [NAME=VALUE...] [-- COMMAND...]: start an orphan of that
# user with the variables of a process of `web`, and these.
pose() {
	local uid=$1 generation=$2 variables=() command=(sleep 300)

	shift 2
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		variables+=("$1")
		shift
	done
	[ $# -eq 0 ] || command=("${@:2}")
	rm -f theirs/pid
	setpriv --reuid "$uid" --regid "$uid" --clear-groups \
		env HOTSWAP_NAME=web "HOTSWAP_GENERATION=$generation" \
		"NOTIFY_SOCKET=$PWD/run/web.notify.$generation" "${variables[@]}" \
		setsid sh -c '"$@" >/dev/null 2>&1 3>&- & echo $!' sh \
		"${command[@]}" >posed
	POSER=$(cat posed)
	POSERS+=("$POSER")
	until_true grep -qz ^HOTSWAP_NAME=web "/proc/$POSER/environ"
}

# variable PID NAME: print a variable of the environment of a process.
variable() {
	tr '\0' '\n' <"/proc/$1/environ" | sed -n "s/^$2=//p"
}

# set_user_id FILE: make a program that runs as root, whoever calls it.
set_user_id() {
	cp "$(command -v sleep)" "$1"
	chmod 4755 "$1"
}

# both_kill: kill keeper and supervisor at once.
both_kill() {
	kill -KILL "$SUPERVISOR" "$(supervisor)"
	wait "$SUPERVISOR" || true
}

@test "hostile: a stranger who says to be of the service does not keep it from starting" {
	set_user_id suid
	pose "$STRANGER" 7
	pose "$STRANGER" 1 "HOTSWAP_MARK=0123456789abcdef0123456789abcdef"
	pose "$STRANGER" 7 -- "$PWD/suid" 300
	pose 65534 7
	serve --user nobody
	swap_version
	[ "$(pid_of 1)" != "$POSER" ]
	unposed
}

# unposed: no process that only posed has been ended.
unposed() {
	local pid

	for pid in "${POSERS[@]}"; do
		kill -0 "$pid"
	done
}

swap_version() {
	load_begin --rate 1000
	unharmed
}

@test "hostile: a stranger's orphan does not become the main process" {
	serve --user nobody
	first=$(pid_of 1)
	pose "$STRANGER" 1
	pose 65534 1
	pose "$STRANGER" 1 "HOTSWAP_MARK=$(variable "$first" HOTSWAP_MARK)"
	# It ends with 0, as one that daemonises does.
	kill -TERM "$first"
	until_true grep -q "started again, PID" run.log
	until_true is_version v1
	until_true test "$(pid_of 1)" != "$first"
	for pid in "${POSERS[@]}"; do
		[ "$(pid_of 1)" != "$pid" ]
		[[ " $(field '.generations[0].pids | join(" ")') " != *" $pid "* ]]
	done
	unposed
}

@test "hostile: where supervisor and keeper are dead, strangers are not taken for the service" {
	serve --user nobody
	program=$(pid_of 1)
	both_kill
	pose "$STRANGER" 1
	pose "$STRANGER" 9
	pose 65534 9
	pose "$STRANGER" 9 "HOTSWAP_MARK=$(variable "$program" HOTSWAP_MARK)"
	serve --user nobody
	[ "$(pid_of 1)" = "$program" ]
	swap_version
	[ "$(field '.generations[0].pids | join(" ")')" = "$program" ]
	unposed
}

@test "hostile: without a checkpoint, the mark tells programs from strangers" {
	serve --user nobody
	program=$(pid_of 1)
	both_kill
	rm run/web.checkpoint.*
	pose "$STRANGER" 9
	pose 65534 9
	run -2 hotswap run -n web -l "127.0.0.1:$PORT" --user nobody -- ./server
	[[ $output == *"no checkpoint"*"kill $program"[^\ 0-9]* ]]
	run -69 hotswap status web
	[[ $output == *"serve on, unsupervised: $program;"* ]]
	kill -KILL "$program"
	until_true gone "$program"
	serve --user nobody
	swap_version
	unposed
}

gone() {
	! kill -0 "$1" 2>/dev/null
}

@test "hostile: the mark can be read by root and the program alone, and each start has another" {
	serve --user nobody
	mark=$(cat state/web/mark)
	[ "$mark" = "$(variable "$(pid_of 1)" HOTSWAP_MARK)" ]
	[ "$(stat -c '%U %a' state/web/mark)" = "root 600" ]
	# A successor goes on with it.
	kill -KILL "$(supervisor)"
	until_true hotswap status web
	release server v2
	hotswap upgrade web
	[ "$mark" = "$(variable "$(pid_of 2)" HOTSWAP_MARK)" ]
	hotswap stop web --now
	wait "$SUPERVISOR" || true
	serve --user nobody
	[ "$mark" != "$(cat state/web/mark)" ]
	# Nobody can put one there.
	hotswap stop web --now
	wait "$SUPERVISOR" || true
	mark=$(cat state/web/mark)
	echo 0123456789abcdef0123456789abcdef >theirs/mark
	ln -sf "$PWD/theirs/mark" state/web/mark
	serve --user nobody
	[ ! -L state/web/mark ]
	[ "$(cat theirs/mark)" = 0123456789abcdef0123456789abcdef ]
}
