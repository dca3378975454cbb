#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# The picture of a report that the README shows: two checks and a canary under
# load, as Chromium shows the page, in doc/report.png.  The page is that of a
# real rollout, and so each picture is a little different.
set -eu

ROOT=$(cd "$(dirname "$0")/.." && pwd)
BUILD=${HOTSWAP_BUILD:-$ROOT/build}
[[ $BUILD == /* ]] || BUILD=$ROOT/$BUILD
PATH=$BUILD/bin:$PATH
PICTURE=$ROOT/doc/report.png
WIDTH=920 HEIGHT=1440

DIRECTORY=$(mktemp -d)
export HOTSWAP_RUNTIME_DIR=$DIRECTORY/run HOTSWAP_STATE_DIR=$DIRECTORY/state
cd "$DIRECTORY"
end() {
	[ -z "${LOAD:-}" ] || kill "$LOAD" 2>/dev/null || true
	hotswap stop shop --now 2>/dev/null || true
	cd / && rm -rf "$DIRECTORY"
}
trap end EXIT
trap 'exit 1' INT TERM HUP

cp "$BUILD/fixtures/server" shop
PORT=$("$BUILD/fixtures/free_port")
hotswap start -n shop -l "127.0.0.1:$PORT" \
	--health "http://127.0.0.1:$PORT/health" \
	--health "tcp://127.0.0.1:$PORT" -- ./shop
# Another release is another file.
printf '\nversion=2\n' >>shop.new
cat shop shop.new >shop.next
chmod 755 shop.next
mv shop.next shop
"$BUILD/load" --rate 400 "127.0.0.1:$PORT" >load.json 2>&1 &
LOAD=$!
hotswap upgrade shop --canary 5,25,50 --step-time 5s --bake 10s
hotswap report shop -o report.html
timeout 120 chromium --headless --no-sandbox --disable-gpu --hide-scrollbars \
	--user-data-dir="$DIRECTORY/chromium" --screenshot=picture.png \
	--window-size="$WIDTH,$HEIGHT" "file://$DIRECTORY/report.html" \
	>chromium.log 2>&1 || {
	cat chromium.log
	exit 1
}
# Few colours: half the size, and no difference to see.
pngquant --force --output picture.png 64 picture.png
mv picture.png "$PICTURE"
echo "$PICTURE: $(stat -c %s "$PICTURE") bytes"
