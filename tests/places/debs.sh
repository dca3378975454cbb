#!/bin/sh
# SPDX-License-Identifier: ISC
# debs.sh SYSTEM: make hotswap's packages in two versions, build/deb/first and
# build/deb/next, and fetch what they need into the cache of a system that
# root.sh has made; nothing is installed there.
set -eu

build=${HOTSWAP_BUILD:?set by make}
root=${1:?system}

# make_debs DIRECTORY VERSION
make_debs() {
	rm -rf "$1"
	mkdir -p "$1"
	packaging/deb.sh "$build/deb" "$2" |
		grep -v dbgsym | while read -r deb; do
		mv "$build/deb/$deb" "$1/"
	done
}

make_debs "$build/deb/first" 0.1~first
make_debs "$build/deb/next" 0.1~next
rm -rf "$root/tmp/debs"
cp -r "$build/deb/first" "$root/tmp/debs"
chroot "$root" sh -c 'apt-get update && apt-get install -y --download-only \
    /tmp/debs/*.deb' >"$build/deb/download" 2>&1 || {
	tail "$build/deb/download" >&2
	exit 1
}
rm -rf "$root/tmp/debs"
