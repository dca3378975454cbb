/* SPDX-License-Identifier: ISC */
/*
 * The table of these errors.
 */
#include "base/lack.h"

#include <errno.h>
#include <stddef.h>

bool
lack_is(int error)
{
	static const int errors[] = {
		ENOMEM, EAGAIN, /* of fork(2), setresuid(2), execve(2) */
		EMFILE, ENFILE, ENOBUFS, ENOSPC, EDQUOT, /* a full disk */
		EADDRINUSE, EADDRNOTAVAIL,		 /* another's address */
		ETOOMANYREFS, /* descriptors under way, unix(7) */
		ETIMEDOUT,    /* a child that does not get on, base/await.h */
	};
	size_t i;

	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (errors[i] == error)
			return true;
	return false;
}
