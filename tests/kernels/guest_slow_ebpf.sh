# SPDX-License-Identifier: ISC
# shellcheck shell=sh
# The same without classic programs, which a kernel with CVE-2026-52910 may not
# survive.
STEERING=ebpf
export STEERING
# shellcheck source=tests/kernels/guest_slow.sh
. /tests/guest_slow.sh
