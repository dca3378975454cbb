/* SPDX-License-Identifier: ISC */
/*
 * The user of an image's processes.
 */
#include "core/owner.h"

#include <errno.h>

#include "base/lack.h"
#include "process/account.h"

/* The start of the program reports an unknown name. */
static int
find(const struct image *image, struct account *account)
{
	char why[256];

	if (account_init(
		account, image->user, image->group, why, sizeof(why)) == 0)
		return 0;
	if (lack_is(errno))
		return -1;
	return account_init(account, NULL, NULL, why, sizeof(why));
}

int
owner_ids(const struct image *image, uid_t *uid, gid_t *gid)
{
	struct account account;

	if (find(image, &account) == -1)
		return -1;
	*uid = account.uid;
	*gid = account.gid;
	account_fini(&account);
	return 0;
}

int
owner_credentials(const struct image *image, struct credentials *who)
{
	struct account account;
	int r;

	if (find(image, &account) == -1)
		return -1;
	r = account.change ? credentials_make(who, account.uid, account.gid,
				 account.groups, account.ngroups)
			   : credentials_own(who);
	account_fini(&account);
	return r;
}
