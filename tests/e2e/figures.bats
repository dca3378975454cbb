#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The claims of `make bench` that are no figures: the same programs with fewer
# rounds, and fewer connections a second.  Times are left to the bench, which compares them with others of the
# same run.

load helper

# bench NAME SETTING...
bench() {
	env "${@:2}" UNDISTURBED=0 HOTSWAP_BUILD="$BUILD" \
		python3 "$BATS_TEST_DIRNAME/../bench/$1_bench.py"
}

@test "upgrades in a row under load: no request fails, whether servers stop gracefully or not" {
	bench swaps RATE=1000 UPGRADES=4 BLOCKS=1 CALM_MS=300 SLOW_MS=1000 RATIO=0
}

@test "rollback: no process is started, and once the command has returned no connection reaches the wrong one" {
	bench rollback RATE=500 ROUNDS=2 RATIO=0
}

@test "idle, a supervisor makes no system call; upgrades leave nothing behind" {
	bench cost UPGRADES=20 IDLE_S=1 MEMORY_KIB=0
}

@test "beside nginx's own upgrade: a release that answers 500 fails no request, and says status 1" {
	bench others WAYS=NginxSignals,Hotswap ROUNDS=1 RATE=300 HURT=0.3 \
		TIMEOUT=60 >table
	cat table
	grep -q "^| nginx.*| 0 |" table
	grep -q "^| hotswap .*| 0 | 0, status 1 | 0, status 1 | 0,.*upgrades work" table
}
