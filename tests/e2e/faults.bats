#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# A sample of `make faults`, another one each day.

@test "faults: after a call that failed once every promise is kept" {
	local build=${HOTSWAP_BUILD:?}

	[ "$(id -u)" = 0 ] || skip "needs root"
	FAULTY=$build/bin/hotswap-faults \
		python3 "$BATS_TEST_DIRNAME/../faults/campaign.py" --sample
}
