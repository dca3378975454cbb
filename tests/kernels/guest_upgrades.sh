# SPDX-License-Identifier: ISC
# shellcheck shell=sh
# UPGRADES upgrades in a row under load, where eBPF chooses; with KIND=classic
# classic programs do.
# shellcheck source=tests/kernels/guest_session.sh
. /tests/guest_session.sh

course() {
	load --rate 50 "127.0.0.1:$PORT" || return
	n=0
	while [ $n -lt "$UPGRADES" ]; do
		n=$((n + 1))
		release "u$((n % 2))"
		hotswap upgrade web --bake 0 --timeout 5m >upgrade.said 2>&1 || {
			cat upgrade.said
			echo "the upgrade number $n failed"
			return 1
		}
		[ $((n % 10)) != 0 ] || echo "# $n upgrades" >/dev/ttyS1
	done
	version_is "u$((n % 2))" && load_end
}
session "upgrades ${KIND:=ebpf}: $UPGRADES in a row" --steering "$KIND" --keep 0
