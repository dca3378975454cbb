#!/bin/sh
# SPDX-License-Identifier: ISC
# absent.sh LIBCURL.A: print C that stands, in a static build, for the libraries
# that libcurl refers to and Debian has only as shared ones: Kerberos, LDAP,
# RTMP, SSH, and names of hosts and cookies in other scripts.  None of them is
# used for http, https or gRPC without a password.  Three functions are asked
# whether there is such a library, or told that there will be no more use of
# it; whoever calls another one ends.
set -eu

echo '#include <stdlib.h>'
nm -u "$1" 2>/dev/null | sed -n 's/^ *U //p' | LC_ALL=C sort -u |
	grep -E '^(gss_|GSS_|ldap_|ber_|RTMP_|libssh2_|psl_|idn2_)' |
	while read -r name; do
		case $name in
		libssh2_init | libssh2_exit | idn2_check_version)
			does='return 0;'
			;;
		*) does='abort();' ;;
		esac
		printf 'long %s(void);\nlong %s(void) { %s }\n' \
			"$name" "$name" "$does"
	done
