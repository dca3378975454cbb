#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
#
# The manual compared with the program: --help lists the options of the pages
# and no others, and every example does what it shows.

load helper

ROOT=$BATS_TEST_DIRNAME/../..
INTERFACE=$ROOT/supervisor/control/org.hotswap.Supervisor.varlink

# section PAGE NAME: print the text from its .Sh or .Ss to the next one.
section() {
	awk -v name="$2" '
		/^\.S[hs] / {
			kind = substr($0, 1, 3); title = substr($0, 5)
			if (title == name) { within = kind; next }
			if (kind == ".Sh" || kind == within) within = ""
		}
		within != ""' "$ROOT/man/$1"
}

# Print the long options of the items on stdin, one on each line.
item_options() {
	sed -n 's/^\.It Fl //p' | tr ' ' '\n' | sed -n 's/^-[a-z]/-&/p' | sort
}

# Print each item of a list on one line: the words after .It, a tab, its text.
items() {
	awk '
		/^\.Bl/ { depth++ }
		/^\.El/ { depth-- }
		/^\.It/ && depth == 1 {
			if (n++) print ""
			printf "%s\t", substr($0, 5); next
		}
		n { printf "%s ", $0 }
		END { if (n) print "" }'
}

# help_options COMMAND: print the long options that --help lists, one on each
# line.
help_options() {
	hotswap "$1" --help |
	    sed -nE 's/^ {2,6}(-., )?(--[a-z-]+)( .*)?$/\2/p' | sort
}

# Print those that belong to the command, not to the service.
own_options() {
	help_options "$1" | comm -23 - <(help_options run)
}

help_commands() {
	hotswap --help | sed -nE 's/^  ([a-z]+) .*/\1/p' |
	    grep -v '^hotswap$' | sort
}

service_options() {
	help_options run | grep -vx -e --help
}

# Print `--keep 5m` for each option of run whose help names a default.
help_defaults() {
	hotswap run --help | awk '
		/^ +(-., )?--[a-z]/ { print line; line = "" }
		{ sub(/^ +/, ""); line = line $0 " " }
		END { print line }' |
	    sed -nE 's/.*(--[a-z-]+) .*\(default: ([^ ]+)\) ?$/\1 \2/p'
}

# Write each literal block that shows typed input into a file of a directory.
extract_examples() {
	awk -v dir="$2" '
		/^\.Bd -literal/ { block = ""; typed = 0; within = 1; next }
		/^\.Ed/ {
			if (typed) printf "%s", block > \
			    sprintf("%s/%02d.sh", dir, ++n)
			within = 0
		}
		within {
			if (sub(/^\$ /, "")) typed = 1
			gsub(/\\e/, "\\"); gsub(/\\\(dq/, "\"")
			block = block $0 "\n"
		}' "$1"
}

# The same for README.md: its fenced blocks of shell, all in one file, since a
# reader follows them from the first to the last.  A comment after a command
# that prints a version or a status must be what the command prints.
extract_fenced() {
	awk -v file="$2/all.sh" '
		/^```sh$/ { within = 1; next }
		/^```/ { within = 0 }
		match($0, / # (version|status) /) {
			$0 = "diff <(" substr($0, 1, RSTART) ") <(echo " \
			    substr($0, RSTART + 3) ")"
		}
		within { print > file }' "$1"
}

# presume DIR: what the pages presume: a server, its successor, and a broken
# server.  README.md makes all of them itself.
presume() {
	cp "$BUILD/fixtures/server" "$1/server"
	cp "$BUILD/fixtures/server" "$1/server.new"
	printf '#!/bin/sh\nexit 3\n' >"$1/server.broken"
	chmod +x "$1/server.broken"
}

# run_example FILE: run it in a directory of its own.
run_example() {
	local dir=${1%.sh} port status=0

	port=$(free_port)
	mkdir "$dir"
	[[ $1 == */README/* ]] || presume "$dir"
	sed -e "s/8080/$port/g" -e "s,/run/hotswap/,$dir/run/,g" \
	    "$1" >"$dir/script"
	(
		cd "$dir" || exit
		export HOTSWAP_RUNTIME_DIR=$dir/run HOTSWAP_STATE_DIR=$dir/state
		timeout 200 bash -e -o pipefail ./script >output 2>&1 || status=$?
		hotswap stop web --now >/dev/null 2>&1
		exit "$status"
	) && return
	printf '%s failed:\n' "$1"
	cat "$dir/script" "$dir/output" "$dir"/state/*/log
	return 1
}

@test "manual: every page is clean mdoc" {
	for page in "$ROOT"/man/*; do
		run -0 mandoc -T lint -W warning "$page"
	done
}

@test "manual: hotswap(1) has the commands that --help lists, and no others" {
	diff <(help_commands) \
	    <(section hotswap.1 COMMANDS | sed -nE 's/^\.It Cm ([a-z]+).*/\1/p' |
		sort)
}

@test "manual: hotswap(1) has each command's own options" {
	local command option
	for command in $(help_commands); do
		for option in $(own_options "$command"); do
			section hotswap.1 COMMANDS | items |
			    grep "^Cm $command\b" |
			    grep -qE "Fl (. \| )?${option#-}([[:space:]]|$)" || {
				echo "$command $option is not in hotswap(1)"
				return 1
			}
		done
	done
}

@test "manual: hotswap(1) has the options of run, and no others" {
	diff <(service_options) <(section hotswap.1 OPTIONS | item_options)
	diff <(help_options run) <(help_options start)
}

@test "manual: hotswap(1) tells which options an upgrade takes" {
	diff <(help_options upgrade | comm -12 - <(service_options) |
	    grep -vx -e --name) \
	    <(section hotswap.1 "Of run, start and upgrade" | item_options)
}

@test "manual: hotswap(1) tells the defaults that --help tells" {
	local option default
	[ "$(help_defaults | wc -l)" -gt 10 ]
	while read -r option default; do
		section hotswap.1 OPTIONS | items |
		    grep -E "^Fl (. , )?${option#-}( |	)" |
		    grep -F -e "The default is $default." \
			-e "The default is $default;" >/dev/null || {
			echo "hotswap(1) does not say: $option $default"
			return 1
		}
	done < <(help_defaults)
}

@test "manual: hotswap-config(5) has the options as keys, and no others" {
	diff <({
		service_options | sed 's/^--//' | grep -vx config
		echo program
	} | sort) <(section hotswap-config.5 KEYS |
	    sed -nE 's/^\.It Cm ([^ ]+).*/\1/p' | sort)
}

@test "manual: the example with every key in hotswap-config(5) is in order" {
	section hotswap-config.5 EXAMPLES |
	    awk '/^\.Bd/ { n++ } n == 2 && !/^\./' >"$BATS_TEST_TMPDIR/all.json"
	diff <(gojq -r 'keys[]' "$BATS_TEST_TMPDIR/all.json" | sort) \
	    <(section hotswap-config.5 KEYS |
		sed -nE 's/^\.It Cm ([^ ]+).*/\1/p' | sort)
	# The file is read first: 78 is its fault, 64 that of the umask.
	run -64 hotswap run --config "$BATS_TEST_TMPDIR/all.json" --umask 9
}

@test "manual: hotswap-protocol(7) has the interface's methods and errors" {
	diff <(sed -nE 's/^method ([A-Za-z]+).*/\1/p' "$INTERFACE") \
	    <(section hotswap-protocol.7 "CONTROL SOCKET" |
		sed -nE 's/^\.It Fn ([A-Za-z]+).*/\1/p')
	diff <(sed -nE 's/^error ([A-Za-z]+).*/\1/p' "$INTERFACE") \
	    <(section hotswap-protocol.7 "CONTROL SOCKET" |
		sed -nE 's/^\.It Er ([A-Za-z]+).*/\1/p')
}

@test "manual: hotswap-protocol(7) has each method's parameters" {
	diff <(tr '\n' ' ' <"$INTERFACE" | sed 's/method /\n&/g; $s/$/\n/' |
	    sed -nE 's/^method ([A-Za-z]+)\(([^)]*)\).*/\1 \2/p' |
	    sed -E 's/: *\??(\[\])?[a-z]+,?//g; s/ +/ /g; s/ $//') \
	    <(section hotswap-protocol.7 "CONTROL SOCKET" |
		sed -n 's/^\.It Fn //p' | tr -d '"')
}

@test "manual: every example in every page and in README.md works" {
	local page file pids=() failed=0
	for page in "$ROOT"/man/*; do
		mkdir "${page##*/}"
		extract_examples "$page" "$PWD/${page##*/}"
	done
	mkdir README
	extract_fenced "$ROOT/README.md" "$PWD/README"
	# At the same time, since most of it is waiting for the bake.
	for file in "$PWD"/hotswap*/*.sh "$PWD"/README/*.sh; do
		run_example "$file" >"$file.report" &
		pids+=($!)
	done
	[ ${#pids[@]} -ge 10 ]
	for pid in "${pids[@]}"; do
		wait "$pid" || failed=1
	done
	cat ./*/*.report
	return $failed
}
