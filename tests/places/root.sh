#!/bin/sh
# SPDX-License-Identifier: ISC
# root.sh DIRECTORY PACKAGE...: a fresh system of this one's release, with these
# packages.  What is there is not made again.  The archive, and how to reach it,
# is what the system's own apt says.
set -eu

root=${1:?directory}
shift
made=$(dirname "$root")/$(basename "$root").made
[ "$(cat "$made" 2>/dev/null)" != "$*" ] || exit 0
rm -rf "$root" "$root.new" "$made"
mkdir -p "$(dirname "$root")"

# shellcheck disable=SC1091 # the system's
codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
archive=$(apt-get indextargets --format '$(RELEASE) $(REPO_URI)' \
	'Created-By: Packages' | sed -n "s/^$codename //p" | head -n 1)
[ -n "$archive" ] || {
	echo "apt's sources do not name $codename" >&2
	exit 1
}

# of_apt: give the new system what this one knows of the archive.
of_apt() {
	rm -f "$root.new/etc/apt/sources.list"
	for part in sources.list sources.list.d auth.conf.d keyrings preferences.d; do
		[ ! -e "/etc/apt/$part" ] ||
			cp -a "/etc/apt/$part" "$root.new/etc/apt/"
	done
	apt-config dump | grep '^Acquire::' \
		>"$root.new/etc/apt/apt.conf.d/90acquire" || :
	cp /etc/resolv.conf /etc/hosts "$root.new/etc/"
	for file in /usr/share/keyrings/*; do
		[ -e "$root.new$file" ] || cp "$file" "$root.new$file"
	done
}

log=$root.log
{
	# Ends by its own what it mounts.
	unshare --mount --propagation private debootstrap --variant=minbase \
		"$codename" "$root.new" "$archive" &&
		of_apt &&
		chroot "$root.new" apt-get update &&
		DEBIAN_FRONTEND=noninteractive chroot "$root.new" \
			apt-get install -y --no-install-recommends "$@"
} >"$log" 2>&1 || {
	tail -n 20 "$log" >&2
	exit 1
}
mv "$root.new" "$root"
echo "$*" >"$made"
