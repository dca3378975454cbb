# SPDX-License-Identifier: ISC
# shellcheck shell=sh
# The same upgrades by classic programs, which a kernel with CVE-2026-52910 may
# not survive.
KIND=classic
# shellcheck source=tests/kernels/guest_upgrades.sh
. /tests/guest_upgrades.sh
