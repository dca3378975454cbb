/* SPDX-License-Identifier: ISC */
/*
 * Whose an image's processes are.
 */
#ifndef CORE_OWNER_H
#define CORE_OWNER_H

#include "base/credentials.h"
#include "process/image.h"

/* The user that an image runs as; ours where it names none. */
void owner_ids(const struct image *, uid_t *, gid_t *);

/* That user's rights, to be released with credentials_fini.  -1 with errno. */
int owner_credentials(const struct image *, struct credentials *);

#endif
