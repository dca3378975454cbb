/* SPDX-License-Identifier: ISC */
/*
 * Adoption, before a first start: if processes of the same name live though
 * their keeper, or both keeper and supervisor, have died, the service takes
 * them over, and neither refuses to start nor starts the programs twice.  The
 * checkpoint's copy (keep/copy.h) describes them; descriptors are taken out of
 * their processes with pidfd_getfd(2).
 */
#ifndef SERVICE_ADOPTION_H
#define SERVICE_ADOPTION_H

#include <stddef.h>

struct service;

/*
 * Take the lock, a file of this process, and adopt what lives:
 * recovery_is_first then tells whether there was anything.  Waits for the end
 * of a supervisor whose keeper is dead; to be called before the loop runs.  -1
 * with why: the name is taken, or what lives cannot be taken over.
 */
int adoption_begin(struct service *, int lock, char *why, size_t size);

#endif
