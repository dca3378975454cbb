#!/bin/sh
# SPDX-License-Identifier: ISC
# Run all benches, or those that are named, and fail if any of them did.
set -u

cd "$(dirname "$0")" || exit 1
case ${HOTSWAP_BUILD:?set by make} in
/*) ;;
*) HOTSWAP_BUILD=$PWD/../../$HOTSWAP_BUILD ;;
esac
export HOTSWAP_BUILD
failed=0
[ $# -gt 0 ] || set -- *_bench.py

for bench; do
	echo "== ${bench%_bench.py}"
	python3 "$bench" || failed=$((failed + 1))
done
[ "$failed" -eq 0 ] || echo "$failed benches failed"
exit "$((failed > 0))"
