#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
#
# Programs that want a supervisor of root's to give them sockets, files and
# ports that they may not have themselves.

load hostile

setup() {
	hostile_setup
	install -d -m 755 roots
}

# roots_server: run a server of root's own on the Unix socket roots/live.
roots_server() {
	"$BUILD/fixtures/plain" serve server "unix:$PWD/roots/live" 3>&- &
	PIDS+=("$!")
	until_true test -S roots/live
	stat -c '%i %U %a' roots/live >before
}

# roots_server_lives: its socket is unchanged, and it answers.
roots_server_lives() {
	stat -c '%i %U %a' roots/live | diff before -
	"$BUILD/fixtures/plain" ask 1 "unix:$PWD/roots/live" | grep -q "^1 "
}

@test "hostile: a socket that is bound cannot be bound again, to the path of root's socket" {
	roots_server
	attacker_twice "bind_plain unix-stream autobind bind-unix \
		'$PWD/roots/live' listen; echo over"
	WRAPPED=1 serve_attacked --start-timeout 60s
	until_true said_twice over
	said_twice "autobind 0"
	said_twice "bind 98" # as the kernel has it
	unharmed
	hotswap stop web --now
	roots_server_lives
}

@test "hostile: no path in a directory of root's is bound, linked or removed" {
	roots_server
	mkdir -m 755 roots/empty
	"$BUILD/fixtures/bind_plain" unix-stream bind-unix "$PWD/roots/stale"
	attacker_twice "bind_plain unix-stream bind-unix '$PWD/roots/live' \
		bind-unix '$PWD/roots/stale' bind-unix '$PWD/roots/empty/new' \
		bind-unix '../roots/empty/new' unlink '$PWD/roots/live' \
		unlink '$PWD/roots/stale'; echo over"
	WRAPPED=1 serve_attacked --start-timeout 60s
	until_true said_twice over
	expect 1 said "bind 0"
	expect 1 said "unlink 0"
	[ "$(grep -c '^bind 13$' theirs/said)" -ge 6 ]
	hotswap events web | grep '"event": *"refused"' |
		grep -q "bind $PWD/roots/empty/new: Permission denied"
	unharmed
	hotswap stop web --now
	roots_server_lives
	test -S roots/stale
	[ "$(ls -A roots/empty)" = "" ]
	[ "$(ls roots)" = "$(printf '%s\n' empty live stale)" ]
}

@test "hostile: links in the place of a socket's names change no file of root's" {
	local mode

	mode=$(stat -c %a before 2>/dev/null || echo 600)
	install -m 600 /dev/null roots/victim
	echo "${TRIES:-80}" >tries
	attacker_twice "hostile_swap '$PWD/theirs' '$PWD/roots/victim' \
		\$(cat '$PWD/tries')"
	# The program binds its own port long after the first of the others.
	DEADLINE=300 WRAPPED=1 serve_attacked --start-timeout 5m --bake 5m
	DEADLINE=300 until_true said_twice "done"
	[ "$(stat -c '%a %U' roots/victim)" = "$mode root" ]
	# A program that goes on so before it serves delays its own start.
	echo 5 >tries
	unharmed --bake 200ms
	[ "$(stat -c '%a %U' roots/victim)" = "$mode root" ]
}

@test "hostile: a privileged port is not to be had, whoever asked for it" {
	local port

	for port in $(seq 600 1000); do
		[ -n "$(ss -Hlntu "sport = :$port")" ] || break
	done
	attacker_twice "bind_plain stream bind $port close dgram bind $port; \
		echo over"
	WRAPPED=1 serve_attacked --start-timeout 60s
	until_true said_twice over
	[ "$(grep -c '^bind 13$' theirs/said)" = 4 ]
	[ -z "$(ss -Hlntu "sport = :$port")" ]
	grep -qF "gives the port to the service" run.log
	hotswap events web | grep '"event": *"refused"' | grep -q "bind.*:$port"
	unharmed
}

@test "hostile: a chrooted program's links and dots lead to nothing outside" {
	mkdir -p jail outside
	ln -s ../../../../../../../../../.. jail/up
	ln -s "$PWD/outside" jail/away
	chown nobody jail outside
	cp "$BUILD/fixtures/bind_static" jail/
	cat >program <<-END
		#!/bin/sh
		for path in '/../../../$PWD/outside/a' '/up/$PWD/outside/b' /away/c; do
			chroot --userspec=nobody '$PWD/jail' /bind_static \
				unix-stream bind-unix "\$path" listen
		done >theirs/said 2>&1
		echo over >>theirs/said
		exec ./server "\$@"
	END
	chmod 755 program
	serve -- ./program
	load_begin --rate 1000
	until_true said over
	[ "$(ls -A outside)" = "" ]
	[ "$(grep -c '^bind 2$' theirs/said)" = 3 ]
	unharmed
}

@test "hostile: a path in a file system that hangs holds up nobody but its program" {
	setpriv --reuid=nobody --clear-groups unshare -Urm true 2>/dev/null ||
		skip "takes a user namespace"
	grep -q 'fuse$' /proc/filesystems || skip "takes FUSE"
	mknod fuse c 10 229 && chmod 666 fuse
	install -d -o nobody theirs/hang
	attacker "hostile_fuse '$PWD/fuse' '$PWD/theirs/hang' 8"
	serve_attacked
	until_true said mounted
	unharmed
}

@test "hostile: who is root in a user namespace of its own is nobody here" {
	local port

	setpriv --reuid=nobody --clear-groups unshare -Ur true 2>/dev/null ||
		skip "takes a user namespace"
	for port in $(seq 600 1000); do
		[ -n "$(ss -Hlntu "sport = :$port")" ] || break
	done
	for shim in seccomp preload; do
		rm -f steer theirs/said
		release server v1
		attacker_twice "unshare -Ur bind_plain unix-stream bind-unix \
			'$PWD/roots/new' stream bind $port listen; echo over"
		WRAPPED=1 serve_attacked --shim "$shim" --start-timeout 60s
		until_true said_twice over
		expect 1 said "bind 0"
		[ "$(ls -A roots)" = "" ]
		[ -z "$(ss -Hlntu "sport = :$port")" ]
		unharmed
		hotswap stop web --now
	done
}

@test "hostile: stopping what acts with one's rights holds up nobody" {
	attacker "exec hostile_stop"
	serve_attacked
	until_true said "stopping"
	# It may stop the new version, which is its own; nothing else.
	hotswap upgrade web --start-timeout 2s || [ "$?" -eq 1 ]
	hotswap status web
	load_end
	hotswap stop web --now
}

# upgraded_there PATH: a root supervisor runs the server at this Unix socket as
# nobody; it is upgraded, rolled back, and its supervisor crashes.
upgraded_there() {
	until_true test -S "$1"
	"$BUILD/load" --control steer --timeout 60s --rate 1000 "$1" \
		>load.json 3>&- &
	CLIENT=$!
	PIDS+=("$CLIENT")
	until_true test -p steer
	release server v2
	hotswap upgrade web
	until_true is_at "$1" v2
	hotswap rollback web
	until_true is_at "$1" v1
	kill -KILL "$(supervisor)"
	until_true hotswap status web
	hotswap upgrade web
	until_true is_at "$1" v2
	load_end
	[ "$(stat -c %U "$1")" = nobody ]
	hotswap stop web --now
	[ ! -e "$1" ]
	[ -z "$(find "$(dirname "$1")" -name '*.hotswap-*')" ]
}

# is_at PATH VERSION
is_at() {
	curl -s -m 30 -o /dev/null -D - --unix-socket "$1" http://localhost/ |
		tr -d '\r' | grep -qx "X-Version: $2"
}

# run_as_nobody OPTIONS... -- PROGRAM...
run_as_nobody() {
	hotswap run -n web --user nobody --bake 200ms --keep 1m "$@" \
		>>run.log 2>&1 3>&- &
	SUPERVISOR=$!
	PIDS+=("$SUPERVISOR")
	until_true hotswap wait web --for ready --timeout 10s 2>/dev/null
}

@test "user: a Unix socket in a directory of the user's is upgraded and rolled back" {
	for shim in seccomp preload; do
		rm -f steer
		release server v1
		run_as_nobody --shim "$shim" -- ./server --bind "$PWD/theirs/sock"
		upgraded_there "$PWD/theirs/sock"
	done
}

@test "user: a declared Unix socket is upgraded and rolled back, whosever its directory is" {
	for directory in theirs roots; do
		rm -f steer
		release server v1
		run_as_nobody -l "$PWD/$directory/sock" -- ./server
		upgraded_there "$PWD/$directory/sock"
	done
}

@test "user: a Unix socket in a sticky directory of all is upgraded and rolled back" {
	mkdir -m 1777 everybodys
	run_as_nobody -- ./server --bind "$PWD/everybodys/sock"
	upgraded_there "$PWD/everybodys/sock"
}

@test "user: a Unix socket of a chrooted program is upgraded and rolled back" {
	mkdir -p jail/run jail/proc/self/fd
	chown nobody jail/run
	cat >program <<-END
		#!/bin/sh
		ln -sf /server-\$HOTSWAP_GENERATION jail/proc/self/exe
		cat /proc/self/status >jail/proc/self/status
		cp server jail/server-\$HOTSWAP_GENERATION
		exec chroot --userspec=nobody '$PWD/jail' \
			/server-\$HOTSWAP_GENERATION --bind /run/sock
	END
	chmod 755 program
	cp "$BUILD/fixtures/server_static" server.static
	release() { release_static "$@"; }
	release server v1
	hotswap run -n web --bake 200ms --keep 1m -- ./program >>run.log 2>&1 3>&- &
	SUPERVISOR=$!
	PIDS+=("$SUPERVISOR")
	until_true hotswap wait web --for ready --timeout 10s 2>/dev/null
	upgraded_there "$PWD/jail/run/sock"
}

# release_static FILE VERSION OPTIONS...: as release, for the static server.
release_static() {
	local file=$1

	shift
	cp server.static "$file.new"
	printf '\nversion=%s\n' "$*" >>"$file.new"
	chmod 755 "$file.new"
	mv "$file.new" "$file"
}

@test "user: a Unix socket of a program with mounts of its own is upgraded and rolled back" {
	unshare -m true || skip "takes a mount namespace"
	mkdir -p hidden
	cat >program <<-END
		#!/bin/sh
		exec unshare -m sh -c 'mount --bind theirs hidden && exec \
			setpriv --reuid=nobody --clear-groups ./server --bind \
			"$PWD/hidden/sock"'
	END
	chmod 755 program
	hotswap run -n web --bake 200ms --keep 1m -- ./program >>run.log 2>&1 3>&- &
	SUPERVISOR=$!
	PIDS+=("$SUPERVISOR")
	until_true hotswap wait web --for ready --timeout 10s 2>/dev/null
	upgraded_there "$PWD/theirs/sock"
	[ "$(ls -A hidden)" = "" ]
}

# traced OPTIONS... -- PROGRAM...: as run_as_nobody, under strace(1).
traced() {
	strace -f -y -qq -e signal=none -e trace=%file,bind,connect,fchmod,fchown,fchdir,setuid,setreuid,setresuid,clone,clone3,fork,vfork \
		-o trace hotswap run -n web --user nobody --bake 0 --keep 1m \
		"$@" >>run.log 2>&1 3>&- &
	PIDS+=("$!")
	until_true hotswap wait web --for ready --timeout 10s 2>/dev/null
}

# traced_upgrade SOCKET OPTIONS... -- PROGRAM...: all that the supervisor
# changes is in the socket's directory.
traced_upgrade() {
	local directory socket pids

	socket=$1
	directory=$(dirname "$1")
	# Where all may have files of their own, root's pid file is root's.
	pids=$directory
	[ "$(stat -c %U "$directory")" = nobody ] || pids=$PWD/roots
	shift
	release server v1
	traced --pidfile "$pids/pid" --child-pidfile "$pids/child" \
		--health "unix:$socket:http:/" \
		--hook "started=true >$directory/hook" "$@"
	release server v2
	hotswap upgrade web
	hotswap rollback web
	hotswap upgrade web --strategy exclusive
	hotswap stop web --now
	until_true eval '! test -e run/web.sock'
	test -e "$directory/hook"
	python3 "$BATS_TEST_DIRNAME/rights.py" trace "$directory"
}

@test "user: in a whole upgrade root touches no path that the program can change" {
	local directory

	mkdir -m 1777 everybodys
	for directory in "$PWD/theirs" "$PWD/everybodys"; do
		traced_upgrade "$directory/sock" -- \
			./server --bind "$directory/sock"
		traced_upgrade "$directory/declared" -l "$directory/declared" \
			-- ./server
	done
}

# busy PID: print in percent how much of a second it used a processor.
busy() {
	local before after begin=${EPOCHREALTIME/./}

	before=$(cpu_ticks "$1")
	sleep 1
	after=$(cpu_ticks "$1")
	echo $(((after - before) * 100000000 / $(getconf CLK_TCK) /
		(${EPOCHREALTIME/./} - begin)))
}

# cpu_ticks PID
cpu_ticks() {
	sed 's/.*) //' "/proc/$1/stat" | awk '{ print $12 + $13 }'
}

# is_calm PID: it leaves most of its time to others.
is_calm() {
	local percent

	percent=$(busy "$1")
	echo "busy: $percent %"
	[ "$percent" -lt 50 ]
}

stays_calm() {
	is_calm "$1" && is_calm "$1" && is_calm "$1"
}

@test "hostile: threads that bind without end leave the supervisor most of its time" {
	attacker "hostile_binds loop 24 $(free_port)"
	serve_attacked --shim seccomp
	until_true said binds
	# What is given to a server that starts is used up by then.
	until_true stays_calm "$(supervisor)"
	hotswap status web >/dev/null
	unharmed
}

@test "hostile: a program's many sockets leave descriptors for an upgrade" {
	ulimit -n 1024
	# Before it serves, when what it binds may become the service's.
	attacker "hostile_binds listen 3 400 $(free_port)"
	sed -i 's/2>&1 &$/2>\&1/' program
	serve_attacked --shim seccomp --start-timeout 60s --bake 10m
	until_true said "all have tried"
	[ "$(grep -c "^400 listen" theirs/said)" = 3 ]
	[ "$(grep -c "raise LimitNOFILE=" run.log)" = 1 ]
	unharmed --bake 200ms
	[ "$(find "/proc/$(supervisor)/fd" -mindepth 1 | wc -l)" -lt 700 ]
}
