# SPDX-License-Identifier: ISC
# shellcheck shell=sh
# Root's services where eBPF chooses, which --steering auto must find.
# shellcheck source=tests/kernels/guest_session.sh
. /tests/guest_session.sh
for shim in seccomp preload; do
	session "root ebpf $shim" --steering auto --shim "$shim"
done
flows "root ebpf udp" --steering auto
