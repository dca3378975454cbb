#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# A short simulation, and the faults that make simulate must find: their patches
# still apply.  The seed is always the same: what another seed finds is for
# `make simulate`, and not for a change that has nothing to do with it.

bats_require_minimum_version 1.5.0

@test "a short simulation breaks no law" {
	"$HOTSWAP_BUILD/simulator/simulator" 1 1000
}

@test "each fault that the simulator must find can still be put in" {
	cd "$BATS_TEST_DIRNAME/../.."
	for patch in tests/simulator/patches/*.patch; do
		echo "$patch"
		patch -s -p1 --dry-run <"$patch"
	done
}
