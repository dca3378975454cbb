#!/bin/sh
# SPDX-License-Identifier: ISC
# Make what tests/places/deb.bats takes: the packages of two versions, and a
# fresh system in whose cache is what they need and is not installed.  Run it.
set -eu

build=$(cd "${HOTSWAP_BUILD:?set by make}" && pwd)
export HOTSWAP_BUILD="$build"
root=$build/roots/stranger
export DEBS="$build/deb/first" DEBS_NEXT="$build/deb/next"

# make_debs DIRECTORY VERSION
make_debs() {
	rm -rf "$1"
	mkdir -p "$1"
	packaging/deb.sh "$build/deb" "$2" |
		grep -v dbgsym | while read -r deb; do
		mv "$build/deb/$deb" "$1/"
	done
}

# shellcheck disable=SC2086 # one word a package
tests/places/root.sh "$root" bash-completion curl fish man-db zsh
make_debs "$DEBS" 0.1~first
make_debs "$DEBS_NEXT" 0.1~next
rm -rf "$root/tmp/debs"
cp -r "$DEBS" "$root/tmp/debs"
chroot "$root" sh -c 'apt-get update && apt-get install -y --download-only \
    --no-install-recommends /tmp/debs/*.deb' >"$build/deb/download" 2>&1 || {
	tail "$build/deb/download" >&2
	exit 1
}
rm -rf "$root/tmp/debs"
tests/run.sh tests/places/deb.bats
