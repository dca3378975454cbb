#!/bin/sh
# SPDX-License-Identifier: ISC
# fetch.sh DIRECTORY: Debian's kernels, unpacked and not installed.  It writes
# DIRECTORY/chosen, a line for each: its name, the version of its package, and
# the directory; `-` for one that cannot be had.  What is there is not fetched
# again.  The archive is the one that the system's own sources name.
set -eu

directory=${1:?directory}
mkdir -p "$directory"
cd "$directory"
[ ! -e chosen ] || exit 0
mkdir -p apt/lists/partial apt/cache/archives/partial apt/parts packages

# own_archive SUITE: where the system gets this suite from.
own_archive() {
	apt-get indextargets --format '$(RELEASE) $(REPO_URI)' \
		'Created-By: Packages' |
		sed -n "s/^$1 //p" | head -n 1
}

# shellcheck disable=SC1091 # the system's
codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
debian=$(own_archive "$codename")
security=$(own_archive "$codename-security")
if [ -z "$debian" ] || [ -z "$security" ]; then
	echo "apt's sources do not name $codename and $codename-security" >&2
	exit 1
fi

# Sources and lists of our own; how to reach them is the system's.
here=$PWD
cat >apt/apt.conf <<CONFIG
Dir::Etc::sourcelist "$here/apt/sources.list";
Dir::Etc::sourceparts "$here/apt/parts";
Dir::Etc::preferencesparts "$here/apt/parts";
Dir::State::lists "$here/apt/lists";
Dir::State::status "/dev/null";
Dir::Cache "$here/apt/cache";
APT::Architecture "amd64";
APT::Architectures "amd64";
APT::Sandbox::User "$(id -un)";
Acquire::Languages "none";
Acquire::Check-Valid-Until "false";
CONFIG
export APT_CONFIG="$here/apt/apt.conf"

keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -r $keyring ] && from="[signed-by=$keyring]" || from=
: >apt/sources.list
for suite in bullseye bookworm bookworm-backports; do
	echo "deb $from $debian $suite main" >>apt/sources.list
done
for suite in bullseye bookworm; do
	echo "deb $from $security $suite-security main" >>apt/sources.list
done
# A suite that has left the archive is no reason to do without the others.
apt-get -q update >apt/log 2>&1 || grep '^[EW]:' apt/log >&2 || :

# offered: what there is, `VERSION PACKAGE` a line, the oldest first.
offered() {
	apt-cache dumpavail |
		awk '/^Package:/ { p = $2 } /^Version:/ { print $2, p }' |
		grep -E ' linux-image-[0-9]+[.][0-9]+[.][^ ]*-cloud-amd64$' |
		sort -V -u
}

# fetch NAME VERSION PACKAGE
fetch() {
	echo "fetching $3 $2" >&2
	(cd packages && apt-get -q download "$3=$2" >/dev/null) || return 1
	rm -rf "$1"
	dpkg-deb -x packages/"$3"_*.deb "$1"
	echo "$1 $2 $here/$1" >>chosen.new
}

# want NAME PATTERN first|last CONDITION: the oldest or the newest one whose
# version has the pattern and meets what dpkg --compare-versions is given.
want() {
	found=
	while read -r version package; do
		case $version in $2*) ;; *) continue ;; esac
		# shellcheck disable=SC2086 # an operator and a version
		dpkg --compare-versions "$version" $4 || continue
		[ "$3" = last ] || [ -z "$found" ] || continue
		found="$version $package"
	done <offered
	# shellcheck disable=SC2086 # a version and a package
	[ -n "$found" ] && fetch "$1" $found || echo "$1 - -" >>chosen.new
}

apt_version_of_fix=6.1.176 # of CVE-2026-52910
offered >offered
: >chosen.new
want 5.10 5.10. last 'gt 0'
want 6.1-before-fix 6.1. first "lt $apt_version_of_fix"
want 6.1 6.1. last "ge $apt_version_of_fix"
want 6.12 6.12. last 'gt 0'
mv chosen.new chosen
