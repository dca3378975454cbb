# SPDX-License-Identifier: ISC
# shellcheck shell=sh
# Sockets of generations leave while the kernel stops for milliseconds where it
# is least welcome: slow.c.

# while_slow WHAT CASE: a case of the unit test.
while_slow() {
	said=$(COMINGS=10000 timeout 1800 /hotswap/slow "$1" 3000 \
		/hotswap/unit/steering_traffic_test "$2" 2>&1)
	case $? in
	0) echo "ok slow $1: $2" ;;
	77) echo "# slow $1: $said" ;;
	*)
		echo "$said" | sed 's/^/# /'
		echo "not ok slow $1: $2"
		;;
	esac
}

while_slow lookup the_newest_leaves_under_traffic
while_slow departure a_place_is_certain_though_another_leaves_meanwhile
