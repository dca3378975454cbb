# SPDX-License-Identifier: ISC
# shellcheck shell=sh
# Root's services with classic programs.
# shellcheck source=tests/kernels/guest_session.sh
. /tests/guest_session.sh
for shim in seccomp preload; do
	session "root classic $shim" --steering classic --shim "$shim"
done
flows "root classic udp" --steering classic
