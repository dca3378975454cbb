/* SPDX-License-Identifier: ISC */
/*
 * The lock of a service's name, RUNTIME/NAME.lock: one supervisor at a time has
 * it.  Its file has two PIDs, the service's and the supervisor's, for commands
 * that get no answer by the control socket.
 */
#ifndef SERVICE_NAME_LOCK_H
#define SERVICE_NAME_LOCK_H

#include <stddef.h>

struct service;

/*
 * Take the lock, *new* in *lock, and adopt what lives if there is no
 * predecessor.  An exit status, with why if it is not STATUS_OK.
 */
int name_lock_take(struct service *, int *lock, char *why, size_t size);

/*
 * Make the file anew if somebody has removed it.  1 if it was made, 0 if it is
 * there or belongs to another process, -1 with errno.
 */
int name_lock_renew(struct service *, int *lock);

/*
 * Give up the name, also for whoever holds a duplicate of the lock: the keeper,
 * which ends later.  *lock is closed, and -1; it may have been -1.
 */
void name_lock_release(int *lock);

#endif
