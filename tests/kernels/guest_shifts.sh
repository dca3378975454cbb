# SPDX-License-Identifier: ISC
# shellcheck shell=sh
# What crashes a kernel with CVE-2026-52910 if classic programs choose, on the
# way of eBPF: 100,000 shifts under connections.
if said=$(/hotswap/shifts ebpf 100000 3000 2>&1); then
	echo "ok shifts ebpf: $(echo "$said" | tail -n 1)"
else
	echo "$said" | sed 's/^/# /'
	echo "not ok shifts ebpf: $(echo "$said" | tail -n 1)"
fi
