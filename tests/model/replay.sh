#!/bin/sh
# SPDX-License-Identifier: ISC
# Hold the events of each service that has run below a directory, with
# HOTSWAP_KEEP_EVENTS, against the model of a rollout.  Exit status 1: the model
# does not allow them; the message says which event, and what would be allowed.
# Usage: replay.sh DIRECTORY; HOTSWAP_BUILD has model/replay, or nothing is held
# against anything.
[ ! -x "${HOTSWAP_BUILD:?set by make}/model/replay" ] ||
	find "$1" -type f -name events -exec "$HOTSWAP_BUILD/model/replay" {} +
