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
figures=${HOTSWAP_FIGURES:-/dev/null}

for bench; do
	bench=${bench%_bench.py}
	echo "== $bench"
	echo "= $bench" >>"$figures"
	python3 "${bench}_bench.py" && continue
	echo "! exit status $?" >>"$figures"
	failed=$((failed + 1))
done
[ "$failed" -eq 0 ] || echo "$failed benches failed"
exit "$((failed > 0))"
