/* SPDX-License-Identifier: ISC */
/*
 * The user of an image's processes.
 */
#include "core/owner.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/lack.h"
#include "process/account.h"

/* The start of the program reports an unknown name. */
int
owner_ids(const struct image *image, uid_t *uid, gid_t *gid)
{
	struct account account;
	char why[256];

	if (account_init(
		&account, image->user, image->group, why, sizeof(why)) == -1 &&
	    (lack_is(errno) ||
		account_init(&account, NULL, NULL, why, sizeof(why)) == -1))
		return -1;
	*uid = account.uid;
	*gid = account.gid;
	account_fini(&account);
	return 0;
}

int
owner_credentials(
    const struct image *image, struct credentials *who, char *why, size_t size)
{
	struct account account;
	int r, error;

	if (account_init(&account, image->user, image->group, why, size) == -1)
		return -1;
	r = account.change ? credentials_make(who, account.uid, account.gid,
				 account.groups, account.ngroups)
			   : credentials_own(who);
	error = errno;
	if (r == -1)
		snprintf(why, size, "%s", strerror(error));
	account_fini(&account);
	errno = error;
	return r;
}
