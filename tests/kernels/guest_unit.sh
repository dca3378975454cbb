# SPDX-License-Identifier: ISC
# shellcheck shell=sh
# The unit tests that depend most on the kernel.
for test in /hotswap/unit/*_test; do
	name=$(basename "$test")
	began=$(date +%s)
	timeout 1800 "$test" >/tmp/unit.log 2>&1
	status=$?
	took=$(($(date +%s) - began))
	passed=$(grep -c '^\[       OK' /tmp/unit.log)
	if [ $status = 0 ]; then
		echo "ok unit: $name, $passed cases, ${took} s"
	else
		sed 's/^/# /' /tmp/unit.log
		echo "not ok unit: $name, status $status, ${took} s"
	fi
	sed -n 's/^# eBPF/# eBPF/p' /tmp/unit.log
done
