#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Real servers as they are installed, without --listen: the short form of `make
# compat`, at a rate that leaves room for other work on the machine.

load helper

# compat SERVER: try the server for each user that exists here, and with --user
# as root.
compat() {
	HOTSWAP_BUILD=$BUILD python3 "$BATS_TEST_DIRNAME/../compat/compat.py" \
		--upgrades 1 --rate 150 "$1"
}

@test "wrapped: nginx is upgraded, rolled back, killed and restarted under load" {
	compat nginx
}

@test "wrapped: a static program is upgraded, rolled back, killed and restarted under load" {
	compat "C, static"
}

@test "wrapped: python3 -m http.server is upgraded, rolled back, killed and restarted under load" {
	compat "python3"
}
