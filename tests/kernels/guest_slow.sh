# SPDX-License-Identifier: ISC
# shellcheck shell=sh
# While the kernel looks for a listening socket for milliseconds, the sockets of
# generations leave: no client sends its SYN twice.
said=$(/hotswap/slow_lookup 3000 /hotswap/unit/steering_traffic_test \
	the_newest_leaves_under_traffic 2>&1)
case $? in
0) echo "ok slow: the newest leaves while lookups last" ;;
77) echo "# slow: $said" ;;
*)
	echo "$said" | sed 's/^/# /'
	echo "not ok slow: the newest leaves while lookups last"
	;;
esac
