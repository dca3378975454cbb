#!/bin/sh
# SPDX-License-Identifier: ISC
# table.sh DIRECTORY [README]: what was seen on each kernel, as Markdown, and
# into the file between its markers.
set -eu

directory=$1
readme=${2:-}
begin='<!-- kernels -->'
end='<!-- /kernels -->'
table=$(mktemp)
trap 'rm -f "$table"' EXIT

# cell KERNEL PATTERN [GUEST]: how many of the tests with this name passed, if
# the guest that they had for themselves, if any, has ended by itself.
cell() {
	if [ -e "$directory/said/$1.${3:-}.tap" ] &&
		! grep -qx '# end' "$directory/said/$1.$3.tap"; then
		echo "the kernel crashed"
		return
	fi
	cat "$directory/said/$1".*.tap | awk -v pattern="$2" '
		$0 ~ "^ok " pattern { ok++ }
		$0 ~ "^not ok " pattern { failed++ }
		END {
			if (ok + failed == 0)
				print "-"
			else
				print ok + 0 " of " ok + failed
		}'
}

# own_upgrades KERNEL: what became of hotswap's upgrades in a row by classic
# programs, which had a guest for themselves.
own_upgrades() {
	own=$directory/said/$1.upgrades_classic.tap
	if [ ! -e "$own" ]; then
		echo "were not tried"
	elif grep -qx '# end' "$own"; then
		sed -n 's/^ok upgrades classic: /did not: /p
			s/^not ok upgrades classic: /failed: /p' "$own" |
			sed 's/, [0-9]* s$//'
	else
		echo "did so after $(sed -n 's/^# \([0-9]*\) upgrades$/\1/p' "$own" |
			tail -n 1 | grep . || echo 0) in a row or a few more"
	fi
}

{
	echo "| Debian's kernel | root, eBPF | root, classic | ordinary user |" \
		"shim seccomp | shim preload | unit tests | slow kernel |"
	echo "| --- | --- | --- | --- | --- | --- | --- | --- |"
	while read -r kernel version _; do
		set -- "$directory/said/$kernel".*.tap
		[ "$version" != - ] || continue
		[ -e "$1" ] || continue
		echo "| $version | $(cell "$kernel" '(root|upgrades|shifts) ebpf') |" \
			"$(cell "$kernel" 'root classic' classic) |" \
			"$(cell "$kernel" ordinary ordinary) |" \
			"$(cell "$kernel" '.* seccomp') |" \
			"$(cell "$kernel" '.* preload') |" \
			"$(cell "$kernel" unit) | $(cell "$kernel" slow) |"
	done <"$directory/chosen"
	while read -r kernel version _; do
		found=$directory/said/$kernel.fault.found
		[ ! -e "$found" ] || {
			echo
			echo "$version has CVE-2026-52910. There, classic programs" \
				"that were replaced under new connections" \
				"$(cat "$found"). hotswap's own upgrades" \
				"by classic programs $(own_upgrades "$kernel")." \
				"With eBPF:" \
				"$(cat "$directory/said/$kernel".*.tap |
					sed -n 's/^ok shifts ebpf: //p
						s/^ok \(upgrades\) ebpf/\1/p
						s/^not ok \(upgrades\) ebpf/\1, which failed/p' |
					sed 's/, [0-9]* s$//' | paste -s -d ';' |
					sed 's/;/; /g')."
		}
	done <"$directory/chosen"
} >"$table"
cat "$table"
[ -n "$readme" ] || exit 0

if ! grep -qx "$begin" "$readme" || ! grep -qx "$end" "$readme"; then
	echo "$readme has no markers $begin and $end" >&2
	exit 1
fi
awk -v begin="$begin" -v end="$end" -v table="$table" '
	$0 == end { between = 0 }
	!between { print }
	$0 == begin {
		between = 1
		while ((getline line <table) > 0)
			print line
	}' "$readme" >"$readme.new"
mv "$readme.new" "$readme"
