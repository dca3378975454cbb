/* SPDX-License-Identifier: ISC */
/*
 * The user of an image's processes.
 */
#ifndef CORE_OWNER_H
#define CORE_OWNER_H

#include "base/credentials.h"
#include "process/image.h"

/*
 * The user that an image runs as; this process's if it names none, or one that
 * does not exist.  -1 with errno if that cannot be looked up.
 */
int owner_ids(const struct image *, uid_t *, gid_t *);

/*
 * The credentials of the user that it names, or ours; release with
 * credentials_fini.  -1 with why and errno: also if there is no such user,
 * since nothing may be done with our rights in its place.
 */
int owner_credentials(
    const struct image *, struct credentials *, char *why, size_t size);

#endif
