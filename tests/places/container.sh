#!/bin/sh
# SPDX-License-Identifier: ISC
# Make the images for tests/places/container.bats: `scratch`, by
# packaging/Containerfile, and `debian`, a fresh Debian with hotswap's packages.
# Run it.
set -eu

build=$(cd "${HOTSWAP_BUILD:?set by make}" && pwd)
export HOTSWAP_BUILD="$build" STORE="$build/podman"

pod() {
	podman --root "$STORE" --runroot "$STORE.run" --events-backend none \
		--log-level error "$@"
}

# What an interrupted run has left.
pod rm -a -f -t 0 >/dev/null
pod build -q -f packaging/Containerfile -t scratch "$build/static"
rm -rf "$build/roots/debian"
cp -a --reflink=auto "$build/roots/stranger" "$build/roots/debian"
packaging/deb.sh "$build/deb" 0.1~container | grep '^hotswap_' |
	while read -r deb; do
		cp "$build/deb/$deb" "$build/roots/debian/tmp/"
	done
DEBIAN_FRONTEND=noninteractive chroot "$build/roots/debian" \
	sh -c 'apt-get update && apt-get install -y /tmp/*.deb &&
	    apt-get clean && rm -f /tmp/*.deb' >"$build/roots/debian.log" 2>&1 || {
	tail "$build/roots/debian.log" >&2
	exit 1
}
tar -C "$build/roots/debian" --one-file-system -c . | pod import -q - debian
rm -rf "$build/roots/debian"
tests/run.sh tests/places/container.bats
pod rmi -a -f >/dev/null
