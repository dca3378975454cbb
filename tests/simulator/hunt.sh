#!/bin/sh
# SPDX-License-Identifier: ISC
# Apply each patch of tests/simulator/patches, a fault put in on purpose, to a
# copy, and run the simulator until it is found: patch, law, seed, rollouts and
# seconds until then.  Arguments: SECONDS for each at most, and the copy's make.
set -u

limit=${1:-300}
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
trap 'exit 1' HUP INT TERM
git ls-files -z | xargs -0 cp --parents -t "$copy"
failed=0 found_out=0

for patch in ${PATCHES:-tests/simulator/patches/*.patch}; do
	name=$(basename "$patch" .patch)
	patch -s -p1 -d "$copy" <"$patch" || exit 1
	make -s -C "$copy" build/simulator/simulator >/dev/null || exit 1
	if found=$("$copy/build/simulator/simulator" 1 '' "$limit"); then
		failed=1
		found="not found: $found"
	else
		found_out=$((found_out + 1))
	fi
	printf '%s: %s\n' "$name" "$(echo "$found" | head -2 | tr '\n' ' ')"
	patch -s -R -p1 -d "$copy" <"$patch" || exit 1
done
echo "$found_out faults found, $limit s for each" \
	>>"${HOTSWAP_FIGURES:-/dev/null}"
exit $failed
