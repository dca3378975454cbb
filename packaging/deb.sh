#!/bin/sh
# SPDX-License-Identifier: ISC
# deb.sh OUTPUT [VERSION]: Debian's packages of this tree, made in a copy of it
# below OUTPUT and put there, instead of those that are there.  Without VERSION
# they get one of the last commit's day and name.  DEBFULLNAME and DEBEMAIL name
# who maintains them.
set -eu

cd "$(dirname "$0")/.."
mkdir -p "${1:?output}"
output=$(cd "$1" && pwd)
tree=$output/tree

# committed FORMAT: tell of the last commit, in UTC.
committed() {
	TZ=UTC git log -1 --date=format-local:%Y%m%d --format="$1" 2>/dev/null
}

version=${2:-$(committed '0.1~git%cd.%h' || echo 0.1~local)}

rm -f "$output"/hotswap*.deb "$output"/hotswap*.changes \
	"$output"/hotswap*.buildinfo
# Objects of the last time stay; make knows which are too old.
mkdir -p "$tree"
find "$tree" -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf {} +
tar -cf - --exclude=./build --exclude=./.git --exclude=./config.mak . |
	tar -xf - -C "$tree"
mv "$tree/packaging/debian" "$tree/debian"
maintainer="${DEBFULLNAME:-hotswap authors} <${DEBEMAIL:-hotswap@example.org}>"
sed -i "s/^hotswap (.*)/hotswap ($version)/; s/^ -- [^>]*>/ -- $maintainer/" \
	"$tree/debian/changelog"
sed -i "s/^Maintainer: .*/Maintainer: $maintainer/" "$tree/debian/control"

cd "$tree"
# -nc: the objects.  What comes out goes beside the tree.
DEB_BUILD_OPTIONS="terse parallel=$(nproc)" \
	dpkg-buildpackage --build=binary --no-pre-clean --no-sign >"$output/log" 2>&1 || {
	tail -n 40 "$output/log" >&2
	exit 1
}
cd "$output"
ls -- hotswap*_"$version"_*.deb
