#!/bin/sh
# SPDX-License-Identifier: ISC
# root.sh BUILD OUTPUT TEST...: the root file system of the guests, as an initramfs:
# busybox, what was built with these unit tests, and the libraries needed.
# root.sh modules KERNEL OUTPUT: what a guest needs of its kernel's modules,
# to be put behind it.
set -eu

own=$(cd "$(dirname "$0")" && pwd)
tree=$(mktemp -d)
chmod 755 "$tree"
trap 'rm -rf "$tree"' EXIT

# pack OUTPUT
pack() {
	(cd "$tree" && find . | cpio --quiet -o -H newc -R 0:0 | gzip -1) >"$1.new"
	mv "$1.new" "$1"
}

if [ "$1" = modules ]; then
	mkdir "$tree/modules"
	# In the order in which they are loaded; guest_lvs.sh loads the rest.
	for name in inet_diag tcp_diag udp_diag unix_diag crc32c_generic \
		libcrc32c nf_defrag_ipv4 nf_defrag_ipv6 nf_conntrack ip_vs \
		ip_vs_wrr veth; do
		file=$(find "$2" -name "$name.ko*")
		[ -n "$file" ] || continue # the kernel has it built in
		case $file in
		*.xz) xz -dc "$file" ;;
		*) cat "$file" ;;
		esac >"$tree/modules/$name.ko"
	done
	pack "$3"
	exit 0
fi

build=$1 output=$2
shift 2
for directory in bin sbin usr/bin usr/sbin etc proc sys dev run tmp root \
	hotswap/bin hotswap/lib hotswap/fixtures hotswap/unit tests own directors; do
	mkdir -p "$tree/$directory"
done

# needed FILE: its interpreter, and the libraries that ldd names.  ldd knows
# those of glibc alone; musl's interpreter is its library.
needed() {
	readelf -lW "$1" |
		sed -n 's,.*\[Requesting program interpreter: \(.*\)\]$,\1,p'
	ldd "$1" 2>/dev/null |
		sed -n 's,^\t\(.*=> \)\{0\,1\}\(/[^ ]*\).*,\2,p'
}

# with_libraries FILE: what it needs, each at its own path.
with_libraries() {
	needed "$1" |
		while read -r library; do
			mkdir -p "$tree/$(dirname "$library")"
			[ -e "$tree/$library" ] ||
				cp -L "$library" "$tree/$library"
		done
}

for part in bin/hotswap bin/hotswap-probe lib/libhotswap-preload.so load \
	shifts slow fixtures/server fixtures/bind_plain fixtures/bind_static \
	fixtures/bind_musl fixtures/own_steering "$@"; do
	[ -e "$build/$part" ] || continue
	strip -o "$tree/hotswap/$part" "$build/$part"
	with_libraries "$build/$part"
done
for program in curl flock ip ipvsadm jq setpriv; do
	program=$(PATH=$PATH:/usr/sbin:/sbin command -v $program)
	cp -L "$program" "$tree/own/"
	with_libraries "$program"
done
cp "$(command -v busybox)" "$tree/bin/busybox"
ln -s busybox "$tree/bin/sh"

cat >"$tree/etc/passwd" <<PASSWD
root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/:/bin/sh
nobody:x:65534:65534:nobody:/:/bin/sh
PASSWD
cat >"$tree/etc/group" <<GROUP
root:x:0:
daemon:x:1:
nogroup:x:65534:
GROUP
echo '127.0.0.1 localhost' >"$tree/etc/hosts"
cp "$own/init" "$tree/init"
cp "$own"/guest_*.sh "$tree/tests/"
cp "$own/../../fleet/directors/lvs" "$own/../../fleet/directors/director.sh" \
	"$tree/directors/"
pack "$output"
