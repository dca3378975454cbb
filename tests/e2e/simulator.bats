#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# A short simulation with a seed of the day, and the faults that make simulate
# must find: their patches still apply.

bats_require_minimum_version 1.5.0

@test "a simulation of one day's seed breaks no law" {
	seed=$(date +%Y%m%d)
	echo "seed $seed"
	"$HOTSWAP_BUILD/simulator/simulator" "$seed" '' 3
}

@test "each fault that the simulator must find can still be put in" {
	cd "$BATS_TEST_DIRNAME/../.."
	for patch in tests/simulator/patches/*.patch; do
		echo "$patch"
		patch -s -p1 --dry-run <"$patch"
	done
}
