/* SPDX-License-Identifier: ISC */
/*
 * The user of an image's processes.
 */
#include "core/owner.h"

#include <unistd.h>

#include "process/account.h"

void
owner_ids(const struct image *image, uid_t *uid, gid_t *gid)
{
	struct account account;
	char why[256];

	*uid = geteuid();
	*gid = getegid();
	/* The start of the program reports an unknown name. */
	if (account_init(
		&account, image->user, image->group, why, sizeof(why)) == -1)
		return;
	*uid = account.uid;
	*gid = account.gid;
	account_fini(&account);
}

int
owner_credentials(const struct image *image, struct credentials *who)
{
	struct account account;
	char why[256];
	int r;

	if (account_init(
		&account, image->user, image->group, why, sizeof(why)) == -1 ||
	    !account.change)
		return credentials_own(who);
	r = credentials_make(
	    who, account.uid, account.gid, account.groups, account.ngroups);
	account_fini(&account);
	return r;
}
