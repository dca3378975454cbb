/* SPDX-License-Identifier: ISC */
/*
 * Before a first start: what has the same name and lives though its keeper is
 * dead, or keeper and supervisor both, is taken over instead of being refused
 * or doubled.  What is known of it is in the checkpoint's copy (keep/copy.h);
 * descriptors are taken out of the processes that have them, pidfd_getfd(2).
 */
#ifndef SERVICE_ADOPTION_H
#define SERVICE_ADOPTION_H

#include <stddef.h>

struct service;

/*
 * Take the lock, a file of ours, and adopt what there is: recovery_is_first
 * says whether there was anything.  Waits for the end of a supervisor whose
 * keeper is dead; to be called before the loop.  -1 with why: it must not be
 * started, the name is taken, or what lives cannot be taken over.
 */
int adoption_begin(struct service *, int lock, char *why, size_t size);

#endif
