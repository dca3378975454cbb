# SPDX-License-Identifier: ISC
# shellcheck shell=sh
# Provoke CVE-2026-52910: classic programs are replaced under connections, for
# ALLOTTED seconds.  The driver sees from the console how this ends.
echo "# provoking the fault for ${ALLOTTED} s"
end=$(($(date +%s) + ALLOTTED))
STEERING=classic
export STEERING
while [ "$(date +%s)" -lt $end ]; do
	timeout 100 /hotswap/unit/steering_traffic_test >/tmp/said 2>&1
	echo "# steering_traffic_test: $(tail -n 1 /tmp/said)"
	/hotswap/shifts classic 1000000 60 2>&1 | tail -n 1 | sed 's/^/# /'
done
echo "# survived"
