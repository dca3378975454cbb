# SPDX-License-Identifier: ISC
# shellcheck shell=sh
# Does doctor say what this kernel has?
expected() {
	found=$(hotswap doctor --json 2>/dev/null |
		jq -r "first(.features[] | select($2)).state")
	if [ "$found" = "$3" ]; then
		echo "ok doctor: $1 is $found"
	else
		echo "not ok doctor: $1 is $found, not $3"
	fi
}

fault=present
! grep -q ' hotswap_fault' /proc/cmdline || fault=limited
expected "what replaces classic programs" \
	'.purpose | startswith("classic BPF programs")' $fault
expected "eBPF steering" '.name == "eBPF steering"' present
# Linux 5.10 has the sysctl, and nothing that heeds it.
migrates=absent
! grep -q ' reuseport_migrate_sock$' /proc/kallsyms || migrates=present
expected "migrating queues" '.name == "migrating queues"' $migrates
