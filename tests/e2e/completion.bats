#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Completion of words in bash, zsh and fish, and what `hotswap complete` says
# to them.

load helper

ROOT=$BATS_TEST_DIRNAME/../..
COMPLETIONS=$ROOT/packaging/completions

# completed SHELL LINE: print what the line becomes by a tab.
completed() {
	case $1 in
	fish)
		# The last word alone, and what it means.
		fish --no-config -c "source $COMPLETIONS/hotswap.fish
		    complete -C '$2'" | cut -f 1 |
			sed "s|^|${2% *} |"
		;;
	*) python3 "$BATS_TEST_DIRNAME/complete.py" "$1" "$COMPLETIONS" "$2" ;;
	esac
}

# becomes SHELL LINE WANTED: a blank that ends the word is left out.
becomes() {
	local line

	line=$(completed "$1" "$2")
	[ "${line% }" = "$3" ] || {
		echo "$1: $2: became \"$line\" instead of \"$3\""
		return 1
	}
}

# all_become SHELL: with the service web, whose only generation is 1.
all_become() {
	becomes "$1" 'hotswap upg' 'hotswap upgrade'
	becomes "$1" 'hotswap status --js' 'hotswap status --json'
	becomes "$1" 'hotswap status w' 'hotswap status web'
	becomes "$1" 'hotswap rollback web --to ' 'hotswap rollback web --to 1'
	becomes "$1" 'hotswap rollback --to ' 'hotswap rollback --to 1'
	becomes "$1" 'hotswap signal web HU' 'hotswap signal web HUP'
	becomes "$1" 'hotswap run --steering e' 'hotswap run --steering ebpf'
	becomes "$1" 'hotswap run --steering=e' 'hotswap run --steering=ebpf'
	becomes "$1" 'hotswap run --pass systemd,server-s' \
		'hotswap run --pass systemd,server-starter'
	becomes "$1" 'hotswap run --hook=star' 'hotswap run --hook=started='
	becomes "$1" 'hotswap run -c conf' 'hotswap run -c config.json'
	becomes "$1" 'hotswap run --config=conf' \
		'hotswap run --config=config.json'
	becomes "$1" 'hotswap run --chdir apart' 'hotswap run --chdir apart/'
	becomes "$1" 'hotswap run --user=nobo' 'hotswap run --user=nobody'
	becomes "$1" 'hotswap run -- ./serv' 'hotswap run -- ./server'
	becomes "$1" 'hotswap fleet res' 'hotswap fleet resume'
	becomes "$1" 'hotswap fleet agent web --lin' \
		'hotswap fleet agent web --link'
}

setup() {
	setup_service
	touch config.json
	mkdir apart
}

@test "completion: bash completes commands, options, values, services and generations" {
	serve
	all_become bash
}

@test "completion: zsh completes commands, options, values, services and generations" {
	serve
	all_become zsh
}

@test "completion: fish completes commands, options, values, services and generations" {
	serve
	all_become fish
}

@test "complete: each command is offered that --help lists, and each of its options" {
	local command

	diff <(hotswap complete -- '' | cut -f 1 | grep -v ^- | sort) \
		<(hotswap --help | sed -nE 's/^  ([a-z]+) .*/\1/p' |
			grep -vx hotswap | sort)
	for command in $(hotswap complete -- '' | cut -f 1 | grep -v ^-); do
		[ "$command" != fleet ] || continue
		diff <(hotswap complete -- "$command" - | cut -f 1 |
			grep -vx -e -- | sort) \
			<(hotswap "$command" --help |
			sed -nE 's/^ {2,6}(-., )?(--[a-z0-9-]+)( .*)?$/\2/p' | sort)
	done
	for command in $(hotswap complete -- fleet '' | cut -f 1); do
		diff <(hotswap complete -- fleet "$command" - | cut -f 1 |
			grep -vx -e -- | sort) \
			<(hotswap fleet "$command" --help |
			sed -nE 's/^  (--[a-z0-9-]+)( .*)?$/\1/p' | sort)
	done
}

@test "complete: a service that hangs, and words that are no command, are borne" {
	serve
	supervisor=$(itself)
	kill -STOP "$supervisor"
	[ "$(hotswap complete -- rollback web --to '')" = '' ]
	kill -CONT "$supervisor"
	[ "$(hotswap complete -- nonsense '')" = '' ]
	[ "$(hotswap complete -- fleet nonsense '')" = '' ]
	[ "$(hotswap complete -- run --nonsense= '')" != '' ]
	[ "$(hotswap complete -- run --env)" != '' ]
	[ "$(hotswap complete -- run --env '')" = '' ]
	expect 64 hotswap complete
	expect 64 hotswap complete --
}
