# shellcheck shell=sh
# SPDX-License-Identifier: ISC
# What the directors have in common.  A director sources this file.  It reads
# the table of weights from standard input, a line `host address weight` for
# each host, and makes one balancer do what the table says.  It can be run again
# and again, and leaves the balancer as it was when it fails.  hotswap-fleet(7)
# has the rules.

set -eu
# No name means something else in another language.
LC_ALL=C
export LC_ALL
PATH=$PATH:/usr/sbin:/sbin
DIRECTOR=${0##*/}
TAB=$(printf '\t')

# fail WHAT WHY WHAT-TO-DO: in one line, whatever a balancer has said.
fail() {
	printf '%s: %s' "$DIRECTOR" "$*" | tr '\n\t' '  ' |
		tr -cd ' -~' >&2
	echo >&2
	exit 1
}

# misused: the arguments are wrong.  USAGE is the director's.
misused() {
	# shellcheck disable=SC2154 # the director sets it
	echo "usage: $DIRECTOR $usage" >&2
	exit 64
}

# need PROGRAM PACKAGE
need() {
	command -v "$1" >/dev/null ||
		fail "$1 is not installed: install the package $2"
}

# alone FILE: one director at a time works at what this file stands for.  The
# lock ends with the director; what it starts is not given descriptor 9.
alone() {
	(: >>"$1") 2>/dev/null ||
		fail "$1 cannot be written: is its directory there, and may $(id -un) write to it?"
	exec 9>>"$1"
	flock -n 9 ||
		fail "another director is at work at this: it is run again later"
}

# read_table: TABLE is the table of standard input, sorted by host, so that
# nothing changes when the store lists the hosts in another order.  Names and
# addresses come from the store: only what can be nothing but a name or an
# address gets into a balancer's configuration.
read_table() {
	TABLE=$(sort | awk '
		function refuse(why) {
			gsub(/[^ -~]/, "?")
			printf "the line \"%.80s\" of the table %s", $0, why
			refused = 1
			exit 1
		}
		NF != 3 { refuse("is not HOST ADDRESS WEIGHT") }
		$1 !~ /^[A-Za-z0-9][A-Za-z0-9._-]*$/ {
			refuse("has a bad host name") }
		$2 !~ /^([A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:.]+\]):[0-9]+$/ {
			refuse("has a bad address: write HOST:PORT") }
		{ port = $2; sub(/.*:/, "", port); port += 0 }
		port < 1 || port > 65535 { refuse("has a bad port") }
		$3 !~ /^[0-9]+$/ || length($3) > 3 || $3 > 100 {
			refuse("has a bad weight: write 0 to 100") }
		$1 in hosts { refuse("names a host for the second time") }
		$2 in addresses { refuse("has an address for the second time") }
		{ hosts[$1]; addresses[$2]; sum += $3; print $1, $2, $3 + 0 }
		END {
			if (!refused && !sum) {
				printf "the table has no host with a weight: " \
				    "give it one with hotswap fleet weight"
				exit 1
			}
		}') || fail "nothing was changed, because ${TABLE##*
}"
}

# make_it_so: for balancers that are told server by server.  The director has
# two functions.  `plan` prints a line for each thing that is not as TABLE says:
# what to do, a tab, and what takes that back; hosts with a weight come first,
# so that there is always one that serves.  `act` does one of these things, and
# prints what was refused.  At the end there must be nothing left to do.
make_it_so() {
	todo=$(plan) || exit
	[ -n "$todo" ] || return 0
	if ! said=$(carry_out "$todo"); then
		fail "$said; what was changed before is taken back"
	fi
	left=$(plan) || exit
	[ -z "$left" ] ||
		fail "what was set is not there when it is read back: ${left%%"$TAB"*}"
}

# carry_out PLAN
carry_out() {
	undo=
	while IFS="$TAB" read -r now back; do
		if ! act "$now"; then
			printf '%s' "$undo" | while read -r back; do
				act "$back" >/dev/null || :
			done
			return 1
		fi
		undo="$back
$undo"
	done <<PLAN
$1
PLAN
}
