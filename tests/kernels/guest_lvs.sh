# SPDX-License-Identifier: ISC
# shellcheck shell=sh
# The director for LVS: three hosts, each a network namespace, behind a virtual
# service of the guest, which is its own client.  busybox's ip can less.
# shellcheck source=tests/kernels/guest_session.sh
. /tests/guest_session.sh

for module in crc32c_generic libcrc32c nf_defrag_ipv4 nf_defrag_ipv6 \
	nf_conntrack ip_vs ip_vs_wrr veth; do
	[ ! -e /modules/$module.ko ] || insmod /modules/$module.ko
done
VIRTUAL=10.9.0.1:80
cd "$(mktemp -d)" || exit

# host N: a server whose version is hN.
host() {
	release "h$1"
	mv server "h$1"
	unshare -n sh -c "
		until /own/ip link set out up 2>/dev/null; do sleep 0.1; done
		/own/ip addr add 10.9.$1.2/24 dev out
		/own/ip route add default via 10.9.$1.1
		exec ./h$1 --bind 10.9.$1.2:8086" >"h$1.log" 2>&1 &
	pid=$!
	/own/ip link add "in$1" type veth peer name out &&
		until_true separate $pid &&
		/own/ip link set out netns $pid &&
		/own/ip addr add "10.9.$1.1/24" dev "in$1" &&
		/own/ip link set "in$1" up &&
		until_true curl -s -f -m 5 "http://10.9.$1.2:8086/"
}

# separate PID: it has a network of its own.
separate() {
	[ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ]
}

# table WEIGHT WEIGHT WEIGHT
table() {
	n=0
	for weight; do
		n=$((n + 1))
		echo "h$n 10.9.$n.2:8086 $weight"
	done
}

# direct WEIGHT WEIGHT WEIGHT
direct() {
	table "$@" | sh /directors/lvs -m -t $VIRTUAL
}

# refused TEXT WEIGHT WEIGHT WEIGHT
refused() {
	text=$1
	shift
	! direct "$@" 2>err || {
		echo "not refused: $*"
		return 1
	}
	cat err
	[ "$(wc -l <err)" = 1 ] && grep -qF -- "$text" err
}

# shared PERCENT PERCENT PERCENT: the hosts answer in these shares: within half
# of each; 0 is none at all.
shared() {
	curl -s -S -f -m 90 -H 'Connection: close' -o /dev/null -D - \
		"http://$VIRTUAL/?[1-60]" >headers || return
	tr -d '\r' <headers | sed -n 's/^X-Version: //Ip' >answers
	n=0
	for percent; do
		n=$((n + 1))
		got=$(grep -c "^h$n\$" answers)
		if [ $((got * 200)) -lt $((percent * 60)) ] ||
			[ $((got * 200)) -gt $((percent * 180)) ]; then
			echo "h$n has $got of 60 answers, not $percent %"
			return 1
		fi
	done
}

weights() {
	ipvsadm -Sn | sed -n 's/.* -r \([^ ]*\) .* -w \([0-9]*\).*/\1 \2/p'
}

# begin: the virtual service.
begin() {
	/own/ip addr add 10.9.0.1/32 dev lo
	host 1 && host 2 && host 3 && ipvsadm -A -t $VIRTUAL -s wrr
}

shares() {
	direct 25 75 0 && shared 25 75 0 || return
	LOAD=
	load --rate 30 --slow 2 --slow-time 3s "$VIRTUAL" &&
		direct 0 50 50 && load_end || return
	shared 0 50 50 || return
	# Nothing is new.
	weights >before
	direct 0 50 50 && weights | diff before - || return
	# A host that is not in the table gets nothing.
	echo "h1 10.9.1.2:8086 1" | sh /directors/lvs -t $VIRTUAL &&
		shared 100 0 0
}

# The kernel refuses the second server; the first one has been changed.
refusals() {
	weights >before
	refused "no host with a weight" 0 0 0 || return
	echo "h1 name:8086 1" | sh /directors/lvs -t $VIRTUAL 2>err &&
		return 1
	grep -q "is a name" err || return
	{
		table 50 50 50
		echo "h4 [10::9]:8086 1"
	} | sh /directors/lvs -m -t $VIRTUAL 2>err && return 1
	grep -q "taken back" err && weights | diff before - || return
	echo "h1 10.9.1.2:8086 1" | sh /directors/lvs -t 10.9.0.1:81 2>err &&
		return 1
	grep -q "no virtual service" err
}

# A client comes back to its host until the host has weight 0.
persistence() {
	ipvsadm -E -t $VIRTUAL -s wrr -p 300 || return
	sysctl -w net.ipv4.vs.expire_quiescent_template=0
	refused expire_quiescent_template 50 50 0 || return
	sysctl -w net.ipv4.vs.expire_quiescent_template=1
	direct 100 0 0 && shared 100 0 0 || return
	direct 50 50 50 && shared 100 0 0 || return
	direct 0 100 0 && shared 0 100 0
}

# course NAME: a line of TAP.
course() {
	if "$1" >said 2>&1; then
		echo "ok lvs: $1"
	else
		sed 's/^/# /' said
		ipvsadm -Ln | sed 's/^/# | /'
		echo "not ok lvs: $1"
	fi
}

for name in begin shares refusals persistence; do
	course $name
done
cd /
