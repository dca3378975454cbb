#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Models that Spin searches, of a rollout and of a fleet's protocol: `make model`
# is longer.

@test "model: no order of steps and deaths breaks a promise, and each mutant does" {
	command -v spin >/dev/null || skip "takes spin"
	"$BATS_TEST_DIRNAME/../model/run.sh" short
}
