#!/bin/sh
# SPDX-License-Identifier: ISC
# The end-to-end tests where time passes differently, to find races: all on one
# core; on cores that are busy; and with delays in the system calls of the
# supervisor and the servers.  They run REPEAT times.  Arguments are the test
# files, else those that depend most on time.  Each file has five minutes.
set -u

build=${HOTSWAP_BUILD:?set by make}
case $build in /*) ;; *) build=$PWD/$build ;; esac
tests=${*:-tests/e2e/upgrade.bats tests/e2e/families.bats}
scratch=$(mktemp -d)
busy=
failed=0

# shellcheck disable=SC2317 # by the trap
finish() {
	# shellcheck disable=SC2086 # PIDs
	[ -z "$busy" ] || kill $busy
	rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 1' INT TERM

# A build whose supervisors run under strace.  With -D strace is their
# grandchild, and so out of their way.
mkdir "$scratch/bin"
for part in "$build"/*; do
	[ "$(basename "$part")" = bin ] || ln -s "$part" "$scratch/"
done
ln -s "$build/bin/hotswap-probe" "$scratch/bin/"
cat >"$scratch/bin/hotswap" <<WRAPPER
#!/bin/sh
case \${1-} in
run | start) ;;
*) exec "$build/bin/hotswap" "\$@" ;;
esac
exec strace -D -f -qq -o /dev/null -e trace=\$DELAYED \\
	-e inject=\$DELAYED:delay_enter=\$DELAY "$build/bin/hotswap" "\$@"
WRAPPER
chmod 755 "$scratch/bin/hotswap"

# torture NAME BUILD COMMAND...: run all tests by the command.
torture() {
	name=$1 where=$2
	shift 2
	for test in $tests; do
		echo "# $name: $test"
		HOTSWAP_BUILD=$where timeout 300 "$@" bats --tap "$test" \
			>"$scratch/log" 2>&1 && continue
		failed=$((failed + 1))
		grep -v '^ok ' "$scratch/log"
	done
}

round=0
while [ "$round" -lt "${REPEAT:-1}" ]; do
	torture "one core" "$build" taskset -c 0
	for DELAYED in setsockopt,listen,bind accept4 epoll_wait,wait4; do
		export DELAYED DELAY=2000
		torture "2 ms before $DELAYED" "$scratch" env
	done
	for _ in $(seq "$(nproc)"); do
		(trap - EXIT INT TERM; while :; do :; done) &
		busy="$busy $!"
	done
	torture "busy cores" "$build" env
	# shellcheck disable=SC2086 # PIDs
	kill $busy
	busy=
	round=$((round + 1))
done
echo "$failed of the runs failed"
echo "$((${REPEAT:-1} * 5 * $(echo "$tests" | wc -w))) runs of test files" \
	>>"${HOTSWAP_FIGURES:-/dev/null}"
exit "$((failed > 0))"
