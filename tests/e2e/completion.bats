#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Completion of words in bash, zsh and fish, and what `hotswap complete` says
# to them.

load helper

ROOT=$BATS_TEST_DIRNAME/../..
COMPLETIONS=$ROOT/packaging/completions

# A line, and what it becomes by a tab with the service web, whose only generation
# is 1; a blank that ends the word is left out.
BECOMES="\
hotswap upg|hotswap upgrade
hotswap status --js|hotswap status --json
hotswap status w|hotswap status web
hotswap rollback web --to |hotswap rollback web --to 1
hotswap rollback --to |hotswap rollback --to 1
hotswap signal web HU|hotswap signal web HUP
hotswap run --steering e|hotswap run --steering ebpf
hotswap run --steering=e|hotswap run --steering=ebpf
hotswap run --pass systemd,server-s|hotswap run --pass systemd,server-starter
hotswap run --hook=star|hotswap run --hook=started=
hotswap run -c conf|hotswap run -c config.json
hotswap run --config=conf|hotswap run --config=config.json
hotswap run --chdir apart|hotswap run --chdir apart/
hotswap run --user=nobo|hotswap run --user=nobody
hotswap run -- ./serv|hotswap run -- ./server
hotswap fleet res|hotswap fleet resume
hotswap fleet agent web --lin|hotswap fleet agent web --link"

# completed SHELL: print what each line of the file lines becomes by a tab.
completed() {
	case $1 in
	fish)
		# The last word alone, and what it means.
		fish --no-config -c "source $COMPLETIONS/hotswap.fish
		    for line in (cat lines)
			echo (string replace -r ' [^ ]*\$' '' -- \$line) \
			    (complete -C \$line | cut -f 1)
		    end"
		;;
	*) python3 "$BATS_TEST_DIRNAME/complete.py" "$1" "$COMPLETIONS" <lines ;;
	esac
}

# all_become SHELL
all_become() {
	cut -d '|' -f 1 <<<"$BECOMES" >lines
	cut -d '|' -f 2 <<<"$BECOMES" >wanted
	diff wanted <(completed "$1" | sed 's/ $//')
}

setup() {
	setup_service
	touch config.json
	mkdir apart
}

# A shell completes without what the supervisor does not say in half a second.

@test "completion: bash completes commands, options, values, services and generations" {
	serve
	until_true all_become bash
}

@test "completion: zsh completes commands, options, values, services and generations" {
	serve
	until_true all_become zsh
}

@test "completion: fish completes commands, options, values, services and generations" {
	serve
	until_true all_become fish
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
	supervisor=$(supervisor)
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
