#!/bin/sh
# Install the Debian packages named that are not there yet; says so before.
set -eu

missing=
for package; do
	# A package may be provided by another: gcc by a build of its own, say.
	dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null |
		grep -qx installed || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=
[ "$(id -u)" = 0 ] || as_root=sudo
echo "Installing with apt-get:$missing"
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq
# shellcheck disable=SC2086 # one word a package
$as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
