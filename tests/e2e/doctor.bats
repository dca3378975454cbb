#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# What hotswap finds about the machine, the user and a program.

load helper

# unprivileged COMMAND...: run without any capability, but as the same user, who
# may pass the directories above.
unprivileged() {
	[ "$(id -u)" = 0 ] || {
		"$@"
		return
	}
	setpriv --bounding-set=-all --inh-caps=-all "$@"
}

# diagnosis FILTER PROGRAM...: print what doctor finds about a program.
diagnosis() {
	hotswap doctor --json -- "${@:2}" >doctor.json || true
	field "$1" doctor.json
}

@test "doctor: has a row for each feature, and leaves nothing behind" {
	hotswap doctor >table
	grep -q '^kernel  .*yes .*5.10' table
	grep -q '^reuseport steering  .*yes ' table
	[ ! -e "$HOTSWAP_RUNTIME_DIR" ]
	[ ! -e "$HOTSWAP_STATE_DIR" ]
}

@test "doctor --json: says of each feature what it is for and whether it is here" {
	hotswap doctor --json >all.json
	[ "$(field .usable all.json)" = true ]
	[ "$(field 'all(.features[]; .name != "" and .purpose != "" and (.state | IN("present", "limited", "absent")))' all.json)" = true ]
	[ "$(field 'all(.features[]; (.remedy | length > 0) == (.state != "present"))' all.json)" = true ]
	[ "$(field 'has("program")' all.json)" = false ]
}

@test "doctor: a user without privilege is told what is limited and what to do" {
	unprivileged hotswap doctor >table
	grep -q '^seccomp without no_new_privs  *partly' table
	grep -q 'CAP_SYS_ADMIN' table
}

@test "doctor: status 1 where something essential is missing" {
	expect 1 env HOTSWAP_RUNTIME_DIR="$PWD/server/run" hotswap doctor \
		>table 2>err
	grep -q '^runtime directory  *NO .*' table
	grep -q 'HOTSWAP_RUNTIME_DIR' table
	grep -q 'missing' err
}

# state_of FEATURE: print its state from all.json.
state_of() {
	field ".features[] | select(.name == \"$1\") | .state" all.json
}

@test "doctor: a kernel that has not got tcp_migrate_req has no migrating queues" {
	[ "$(id -u)" = 0 ] || skip "hides a part of /proc"
	mkdir empty
	# shellcheck disable=SC2016
	unshare --mount sh -c 'mount --bind empty /proc/sys/net/ipv4 &&
		exec hotswap doctor --json' >all.json
	[ "$(state_of "migrating queues")" = absent ]
	hotswap doctor --json >all.json
	! grep -q ' reuseport_migrate_sock$' /proc/kallsyms ||
		[ "$(state_of "migrating queues")" = present ]
}

@test "doctor: socket diagnosis is there if the kernel answers, not if there is a socket" {
	hotswap doctor --json >all.json
	[ "$(state_of "socket diagnosis")" = present ]
	expect 1 strace -o trace -e trace=sendto \
		-e inject=sendto:error=ENOENT hotswap doctor --json >all.json
	[ "$(state_of "socket diagnosis")" = absent ]
	# The question for Unix sockets comes second.
	strace -o trace -e trace=sendto \
		-e inject=sendto:error=ENOENT:when=2 \
		hotswap doctor --json >all.json
	[ "$(state_of "socket diagnosis")" = limited ]
}

@test "doctor: a runtime directory that others can write in is found" {
	mkdir "$HOTSWAP_RUNTIME_DIR"
	chmod 777 "$HOTSWAP_RUNTIME_DIR"
	expect 1 hotswap doctor >table 2>&1
	grep -q '^runtime directory  *NO .*' table
}

@test "doctor: tells static from dynamic programs and follows scripts" {
	printf '#! /usr/bin/env cat\n' >script
	chmod 755 script
	[ "$(diagnosis .program.libc "$BUILD/fixtures/bind_static")" = none ]
	[ "$(diagnosis .program.libc ./server)" = glibc ]
	[ "$(diagnosis .program.interpreter ./script)" = "$(command -v cat)" ]
}

@test "doctor: chooses the backend by privilege and by the kind of file" {
	local ask=(hotswap doctor --json --)

	unprivileged "${ask[@]}" "$BUILD/fixtures/bind_static" >static.json
	unprivileged "${ask[@]}" "$BUILD/fixtures/bind_plain" >plain.json
	[ "$(field '.program | [.backend, .no_new_privs]' static.json)" = '["seccomp",true]' ]
	[ "$(field '.program | [.backend, .no_new_privs]' plain.json)" = '["preload",false]' ]
	[ "$(field 'any(.program.warnings[]; contains("set-user-ID"))' static.json)" = true ]
	[ "$(id -u)" != 0 ] || {
		"${ask[@]}" "$BUILD/fixtures/bind_plain" >root.json
		[ "$(field '.program | [.backend, .no_new_privs]' root.json)" = '["seccomp",false]' ]
	}
}

@test "doctor: knows servers that detach themselves, and what prevents it" {
	local detaches='any(.program.warnings[]; contains("detaches"))'

	[ "$(diagnosis "$detaches" nginx)" = true ]
	[ "$(diagnosis "$detaches" nginx -g 'daemon off; pid x;')" = false ]
	[ "$(diagnosis .program.options nginx)" = "--stop-signal QUIT" ]
	[ "$(diagnosis "$detaches" ./server)" = false ]
	# The preload library, which an ordinary user gets, is told of as well.
	[ "$(id -u)" != 0 ] ||
		[ "$(diagnosis '.program.warnings == []' ./server)" = true ]
}

@test "doctor: status 1 and the reason for what cannot be run" {
	echo text >text
	chmod 755 text
	for program in ./missing ./text . /etc/passwd; do
		expect 1 hotswap doctor -- "$program" >table 2>/dev/null
		grep -q '^error' table
	done
	grep -q '^error  */etc/passwd is not executable' table
}

# weakness NAME OPTIONS...: what is said of it, "" where it is not found.
weakness() {
	hotswap doctor --json "${@:2}" >weak.json || true
	field "[.weaknesses[] | select(.name == \"$1\") | .detail, .why, .remedy] | join(\" | \")" weak.json
}

@test "doctor: a program that others can replace weakens the service, and what ends that is said" {
	[ "$(id -u)" = 0 ] || skip "takes root and another user"
	[ -z "$(weakness "program file" --user nobody -- ./server)" ]
	install -d -o nobody -m 755 theirs
	cp server theirs/
	said=$(weakness "program file" --user nobody -- ./theirs/server)
	[[ $said == *"$PWD/theirs belongs to nobody"*"next upgrade"*"chown -h root $PWD/theirs"* ]]
	chown nobody server
	[[ $(weakness "program file" --user nobody -- ./server) == *"$PWD/server belongs to nobody"* ]]
}

@test "doctor: a program and its commands that are root without need are named" {
	[ "$(id -u)" = 0 ] || skip "takes root"
	[[ $(weakness "program is root" -l 80 -- ./server) == *"--user"*"--listen"* ]]
	[ -z "$(weakness "program is root" -l 80 --user nobody -- ./server)" ]
	[[ $(weakness "commands as root" --check true --hook ready=date -- ./server) == *"--check true, --hook date"* ]]
	[ -z "$(weakness "commands as root" --user nobody --check true -- ./server)" ]
}

@test "doctor: commands behind a + are named, wherever they stand" {
	said=$(weakness "commands with a +" --check +/bin/true \
	    --health exec:+/bin/date --hook ready=+/bin/id --hook ready=/bin/sh \
	    --ready exec:+/bin/ls -- ./server)
	[[ $said == *"--check +/bin/true, --ready +/bin/ls, --health +/bin/date, --hook +/bin/id |"* ]]
	[ -z "$(weakness "commands with a +" --check /bin/true -- ./server)" ]
}

@test "doctor: says who is in the control group" {
	group=$(id -gn)
	[[ $(weakness "control group" --control-group "$group" -- ./server) == *"$group: "*"$(id -un)"* ]]
	[[ $(weakness "control group" --control-group no-such-group) == *"no such group"* ]]
	[ -z "$(weakness "control group" -- ./server)" ]
}

@test "doctor: the rights that set-user-ID programs give are named until --no-new-privs" {
	[ "$(id -u)" = 0 ] || skip "takes root and another user"
	[[ $(weakness "set-user-ID programs" --user nobody -- ./server) == *"--no-new-privs"* ]]
	[ -z "$(weakness "set-user-ID programs" --user nobody --no-new-privs -- ./server)" ]
}

@test "doctor: files that others can change are found: configuration, pid file, state" {
	mkdir -m 777 open
	echo '{ "program": ["./server"] }' >open/web.json
	[[ $(weakness "configuration file" -c open/web.json) == *"$PWD/open is writable by everybody"*"chmod o-w"* ]]
	[ "$(field .program.file weak.json)" = "$PWD/server" ]
	[[ $(weakness "pid file" --pidfile "$PWD/open/pid") == *"$PWD/open is writable"* ]]
	[ -z "$(weakness "state directory")" ]
	HOTSWAP_STATE_DIR=$PWD/open
	[[ $(weakness "state directory") == *"rollback"* ]]
}

@test "doctor: a runtime directory that the program's user cannot get to is named" {
	[ "$(id -u)" = 0 ] || skip "takes root and another user"
	[ -z "$(weakness "way to the sockets" --user nobody -- ./server)" ]
	mkdir -m 700 closed
	HOTSWAP_RUNTIME_DIR=$PWD/closed/run
	[[ $(weakness "way to the sockets" --user nobody -- ./server) == *"$PWD/closed: Permission denied"*"chmod o+x"* ]]
}

@test "doctor: each weakness says why it matters and what to do, for people too" {
	hotswap doctor --check +/bin/true --control-group "$(id -gn)" -- ./server >table
	grep -q '^WEAKNESS  *WHY IT MATTERS' table
	grep -q '^commands with a +  .*' table
	hotswap doctor --json --check +/bin/true -- ./server >all.json
	[ "$(field 'all(.weaknesses[] | .name, .why, .remedy; length > 0)' all.json)" = true ]
}
