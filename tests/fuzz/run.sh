#!/bin/sh
# SPDX-License-Identifier: ISC
# Fuzz each target for FUZZ_TIME seconds with libFuzzer and the sanitizers,
# by clang; what ends one is told, and left in build/fuzz/.
# Usage: run.sh MAKE TARGET...
set -eu

make=$1
shift
build=build/fuzz
targets=$(printf " $build/fuzz/%s" "$@")
# shellcheck disable=SC2086 # one word a target
$make --no-print-directory B=$build CC=clang OPTFLAGS='-O1 -g' \
	SANITIZE=address,undefined,fuzzer-no-link \
	FUZZER=-fsanitize=fuzzer DEVELOPER= $targets

# Targets wait for all their children: a symbolizer that printing functions
# starts would be one that never ends.
failed=
for target; do
	echo "# $target"
	mkdir -p "$build/corpus/$target"
	"$build/fuzz/$target" -max_total_time="${FUZZ_TIME:-60}" -max_len=4096 \
		-print_final_stats=1 -print_funcs=0 -verbosity=0 \
		-artifact_prefix="$build/$target." \
		"$build/corpus/$target" "tests/fuzz/seeds/${target%_fuzz}" ||
		failed="$failed $target"
done
printf '%s\n' "$# targets" "${FUZZ_TIME:-60} seconds each" \
	>>"${HOTSWAP_FIGURES:-/dev/null}"
[ -z "$failed" ] || echo "failed:$failed"
[ -z "$failed" ]
