#!/bin/sh
# SPDX-License-Identifier: ISC
# Hold the events of each service that has run below a directory, with
# HOTSWAP_KEEP_EVENTS, against the model of a rollout.  Exit status 1: the model
# does not allow them; the message says which event, and what would be allowed.
# An event that was not written, because its writer was killed, is the last one.
# Usage: replay.sh DIRECTORY; HOTSWAP_BUILD has model/replay, or nothing is held
# against anything.
replay=${HOTSWAP_BUILD:?set by make}/model/replay
[ ! -x "$replay" ] ||
	find "$1" -xdev -type d ! -executable -prune -o -type f -name events \
		-readable -exec "$replay" {} +
