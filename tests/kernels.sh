#!/bin/sh
# SPDX-License-Identifier: ISC
# Does hotswap work on Debian's own kernels?  Each is booted in QEMU with a root
# file system made of what was built; no KVM is needed.  Arguments are names of
# kernels (5.10 6.1-before-fix 6.1 6.12), else all.  UPGRADES=N makes N upgrades
# in a row where the fault of classic programs is, and README=FILE puts the
# table between the markers in it.
set -u

build=${HOTSWAP_BUILD:?set by make}
kernels=build/kernels
guests=$(cd "$(dirname "$0")" && pwd)/kernels
wanted=${*:-5.10 6.1-before-fix 6.1 6.12}
UPGRADES=${UPGRADES:-100}
FAULT_TIME=${FAULT_TIME:-300} # seconds, for the fault to show
qemu=
failed=0 crashed=0

# shellcheck disable=SC2317 # by the trap
finish() {
	[ -z "$qemu" ] || kill "$qemu" 2>/dev/null
}
trap finish EXIT
trap 'exit 1' INT TERM

"$guests/fetch.sh" $kernels || exit 1
# shellcheck disable=SC2086 # one word a test
"$guests/root.sh" "$build" $kernels/root.cpio.gz ${UNITS:?set by make} || exit 1
mkdir -p $kernels/said

# boot KERNEL NAME,NAME SECONDS: run guest_NAME.sh in a guest.  What they print
# is in KERNEL.NAME,NAME.tap, and what the kernel prints is in .console.
boot() {
	said=$kernels/said/$1.$2
	for try in 1 2 3; do
		emulate "$@" || return
		[ ! -s "$said.tap" ] || break
		# Before anything of ours has run.  QEMU may execute an int3 that
		# a kernel has meanwhile replaced in its own code.
		echo "$1: # not booted at attempt $try: $(why "$said.console")"
	done
	# A serial line ends its lines otherwise.
	tr -d '\r' <"$said.tap" >"$said.new" && mv "$said.new" "$said.tap"
	ended "$said" || echo "not ok $2: the guest did not end by itself: $(
		why "$said.console")" >>"$said.tap"
	sed "s/^/$1: /" "$said.tap"
	! grep -q '^not ok' "$said.tap"
}

# emulate KERNEL NAME,NAME SECONDS
emulate() {
	: >"$said.tap"
	root=$kernels/said/$1.cpio.gz
	"$guests/root.sh" modules "$kernels/$1" "$kernels/said/$1.modules" ||
		return 1
	cat $kernels/root.cpio.gz $kernels/said/"$1".modules >"$root"
	case $1 in
	*-before-fix) fault=hotswap_fault ;;
	*) fault= ;;
	esac
	nice -n 10 timeout "$3" qemu-system-x86_64 -M q35 -cpu max -m 2048 \
		-smp 2 -display none -monitor none -nic none -no-reboot \
		-serial "file:$said.console" -serial "file:$said.tap" \
		-kernel "$kernels/$1"/boot/vmlinuz-* -initrd "$root" \
		-append "console=ttyS0 panic=-1 rdinit=/init quiet \
allotted=$FAULT_TIME upgrades=$UPGRADES $fault hotswap=$2 " \
		</dev/null >"$said.qemu" 2>&1 &
	qemu=$!
	wait "$qemu"
	qemu=
	rm -f "$root" $kernels/said/"$1".modules
}

# ended SAID
ended() {
	grep -qx '# end' "$1.tap"
}

# why CONSOLE: the first words of a kernel that crashes, and in which function;
# a BPF program has no name, and is told by its caller.
why() {
	tr -d '\r' <"$1" | sed 's/^\[ *[0-9.]*\] //' | awk '
		!what && /BUG|Oops|int3|protection fault|panic/ { what = $0 }
		what && !where && /^( |RIP: [0-9]*:)[a-z_][a-z0-9_.]*[+]0x/ {
			sub(/^( |RIP: [0-9]*:)/, "")
			where = " in or below " $1
		}
		END { print what ? what where : "no reason on the console" }'
}

# try KERNEL NAME,NAME SECONDS: the same; what is not ok is a failure.
try() {
	boot "$@" || failed=$((failed + 1))
}

# blame SAID: a guest that its kernel's fault has crashed is no failed test.
blame() {
	sed -i '/: the guest did not end by itself: /s/^not ok /# crashed: /' \
		"$1.tap"
	crashed=$((crashed + 1))
}

# risk KERNEL NAME SECONDS: the same, where the kernel may crash by its fault.
risk() {
	boot "$@" && return
	ended $kernels/said/"$1.$2" || {
		echo "$1: # this is the kernel's fault, CVE-2026-52910"
		blame $kernels/said/"$1.$2"
		return
	}
	failed=$((failed + 1))
}

# provoke KERNEL: the fault of classic programs, in a guest that may crash.
provoke() {
	boot "$1" fault $((FAULT_TIME + 600)) >/dev/null
	said=$kernels/said/$1.fault
	grep '^# ' "$said.tap" | sed "s/^/$1: /"
	if ended "$said"; then
		fault="did not show in $FAULT_TIME s"
	else
		fault="crashed the kernel: $(why "$said.console")"
		blame "$said"
	fi
	echo "$1: # CVE-2026-52910 with classic programs $fault"
	echo "$fault" >$kernels/said/"$1".fault.found
}

for kernel in $wanted; do
	version=$(sed -n "s/^$kernel \([^ ]*\) .*/\1/p" $kernels/chosen)
	if [ "${version:--}" = - ]; then
		echo "$kernel: # cannot be had from this system's archive"
		echo "? $kernel cannot be had" >>"${HOTSWAP_FIGURES:-/dev/null}"
		continue
	fi
	echo "$kernel: # Debian's $version"
	rm -f $kernels/said/"$kernel".*
	case $kernel in
	*-before-fix)
		# What may crash has a guest of its own.
		try "$kernel" doctor,ebpf,unit_ebpf,slow_ebpf,lvs 7200
		try "$kernel" shifts,upgrades 10800
		risk "$kernel" ordinary 1800
		risk "$kernel" classic 1800
		risk "$kernel" upgrades_classic 10800
		provoke "$kernel"
		;;
	*)
		try "$kernel" doctor,ebpf,classic,ordinary,unit,slow,lvs 7200
		;;
	esac
done

"$guests/table.sh" $kernels "${README:-}"
awk '/^ok / { ok++ } /^not ok / { bad++ }
	END { printf "%d tests passed\n%d failed\n", ok, bad }' \
	$kernels/said/*.tap >>"${HOTSWAP_FIGURES:-/dev/null}"
[ $crashed = 0 ] || echo "$crashed guests crashed by their kernel's fault" \
	>>"${HOTSWAP_FIGURES:-/dev/null}"
exit "$((failed > 0))"
