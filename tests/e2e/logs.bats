#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The supervisor's log and the program's output are apart and bounded; neither
# the death of their writers nor a full disk stops the program.

load helper

# begin OPTIONS...: start ./program in the background as `web`.
begin() {
	PORT=$(free_port)
	hotswap start -n web -l "127.0.0.1:$PORT" --bake 200ms --keep 1m \
		"$@" -- ./program
	PIDS+=("$(field .pid)")
	STATE=$HOTSWAP_STATE_DIR/web
}

# printing WHAT...: make ./program, which prints this and serves.
printing() {
	cat >program <<-END
		#!/bin/sh
		'$BUILD/fixtures/hostile_output' $* 2>>'$PWD/faults' &
		exec ./server
	END
	chmod 755 program
}

# the_logger: print the logger's PID.
the_logger() {
	pgrep -f "^hotswap --logger web $STATE "
}

no_logger() {
	! the_logger
}

# is_another_than PID: another logger runs.
is_another_than() {
	the_logger && [ "$(the_logger)" != "$1" ]
}

# is_succeeded PID: another supervisor runs in place of this one.
is_succeeded() {
	local now

	now=$(supervisor 2>/dev/null) && [ "$now" != "$1" ]
}

# numbers: print the numbers of all lines that are kept, in their order.
numbers() {
	cat "$STATE"/output.{5,4,3,2,1} "$STATE/output" 2>/dev/null | numbers_of
}

# numbers_of: print the numbers of the lines on standard input.
numbers_of() {
	sed -n 's/^line 0*\([0-9][0-9]*\) .*/\1/p'
}

# unbroken [FROM]: no number is missing, and none comes twice.
unbroken() {
	numbers | awk -v next_one="${1:-}" '
		next_one != "" && $1 != next_one {
			print "after " next_one - 1 " comes " $1; exit 1 }
		{ next_one = $1 + 1 }'
}

# lines_are N: N lines have been printed and written.
lines_are() {
	[ "$(tail -q -n 1 "$STATE/output.1" "$STATE/output" 2>/dev/null |
		numbers_of | tail -n 1)" = $(($1 - 1)) ]
}

# more_lines: there are more lines than before.
more_lines() {
	local before=${BEFORE:-0}

	BEFORE=$(numbers | tail -n 1)
	[ "${BEFORE:-0}" -gt "$before" ]
}

# characters_read: print how many characters the logger has read of the output.
characters_read() {
	sed -n 's/^rchar: //p' "/proc/$(the_logger)/io"
}

# has_read N: the logger has read at least N characters.
has_read() {
	[ "$(characters_read)" -ge "$1" ]
}

# goes_on: the program goes on printing, and the lines are written.
goes_on() {
	BEFORE=
	until_true more_lines
	until_true more_lines
}

@test "logs: what the supervisor says and what the program prints are two files" {
	printing tick
	begin
	until_true more_lines
	grep "generation 1: serves" "$STATE/log"
	expect 1 grep "^line" "$STATE/log"
	expect 1 grep hotswap: "$STATE/output"
	[ "$(stat -c %a "$STATE/log" "$STATE/output" | uniq)" = 640 ]
	hotswap stop web --now
	unbroken 0
}

@test "logs: a start that fails shows the program's last lines and says where more is" {
	cat >program <<-'END'
		#!/bin/sh
		echo "cannot open its database" >&2
		exit 3
	END
	chmod 755 program
	expect 1 hotswap start -n web -- ./program 2>said
	grep "  cannot open its database" said
	grep "$HOTSWAP_STATE_DIR/web/output" said
	grep "$HOTSWAP_STATE_DIR/web/log" said
}

@test "logs: a program that prints 30 MB leaves files of a bounded size, and commands are answered meanwhile" {
	printing flood 300000
	begin --log-max 1M
	for _ in 1 2 3 4 5; do
		hotswap status web >/dev/null
	done
	until_true lines_are 300000
	[ "$(find "$STATE" -name 'output*' | wc -l)" = 6 ]
	# One goes on to the end of a line, which may be 4 KB long.
	[ -z "$(find "$STATE" -name 'output*' -size +1028k)" ]
	unbroken
	[ ! -s faults ]
}

@test "logs: nothing is lost and no line is cut where a file is full" {
	printing flood 5000
	begin --log-max 100K
	until_true lines_are 5000
	unbroken 0
	expect 1 grep -v '^line [0-9]\{10\} [0-9]\{83\}$' "$STATE"/output*
}

@test "logs: a renamed file is followed by a new one on USR1, which the program gets as well" {
	printing tick
	sed -i 's/^exec.*/trap "echo usr1 >>told" USR1; .\/server \& while :; do wait; done/' program
	begin --log-max 0
	until_true more_lines
	mv "$STATE/output" "$STATE/output.old"
	mv "$STATE/log" "$STATE/log.old"
	kill -USR1 "${PIDS[0]}"
	until_true test -s "$STATE/output"
	until_true test -e "$STATE/log"
	until_true grep -q usr1 told
	mv "$STATE/output.old" "$STATE/output.1"
	goes_on
	unbroken 0
	hotswap stop web --now
	grep stopped "$STATE/log"
}

@test "logs: a file that is copied and truncated has no holes" {
	printing tick
	begin
	until_true more_lines
	cp "$STATE/output" copy
	: >"$STATE/output"
	goes_on
	expect 1 grep -qP '\x00' "$STATE/output"
}

@test "logs: a logger that is killed is started again, and the program prints on" {
	printing tick
	begin
	until_true more_lines
	for _ in 1 2 3; do
		old=$(the_logger)
		kill -KILL "$old"
		until_true is_another_than "$old"
		goes_on
	done
	grep "logger .*killed by SIGKILL: it is started again" "$STATE/log"
	[ ! -s faults ]
	[ "$(field '.generations[0].restarts')" = 0 ]
}

@test "logs: the supervisor's death stops no output, and its successor goes on with the logger" {
	printing tick
	begin
	until_true more_lines
	logger=$(the_logger)
	for _ in 1 2 3; do
		old=$(supervisor)
		kill -KILL "$old"
		until_true is_succeeded "$old"
		until_true hotswap wait web --for ready --timeout 10s
		goes_on
	done
	[ "$(the_logger)" = "$logger" ]
	hotswap reexec web
	goes_on
	[ "$(the_logger)" = "$logger" ]
	release server v2
	hotswap upgrade web
	[ "$(the_logger)" = "$logger" ]
	kill -KILL "$logger"
	until_true is_another_than "$logger"
	goes_on
	[ ! -s faults ]
	hotswap stop web --now
	until_true no_logger
}

@test "logs: where supervisor and keeper are both killed the program prints on" {
	printing tick
	begin
	until_true more_lines
	kill -KILL "${PIDS[0]}" "$(supervisor)"
	goes_on
	unbroken 0
	[ ! -s faults ]
}

@test "logs: a full disk loses lines and says how much, and the program serves on" {
	[ "$(id -u)" = 0 ] || skip "takes a file system"
	mkdir state
	mount -t tmpfs -o size=400k,mode=755 none state || skip "takes mount(2)"
	printing tick
	begin --log-max 0 --no-image-copy
	until_true more_lines
	head -c 1M /dev/zero >state/filler || true
	# More than there is room for in the last page of the file.
	until_true has_read $(($(characters_read) + 8192))
	is_version v1
	rm state/filler
	until_true grep "hotswap: [0-9]* bytes of output are lost: No space" \
		"$STATE/output"
	goes_on
	is_version v1
	[ ! -s faults ]
	hotswap stop web --now
	umount -l state
}
