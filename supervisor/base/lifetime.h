/* SPDX-License-Identifier: ISC */
/*
 * How a child of ours begins, and that it does not live longer than the process
 * that made it.
 */
#ifndef BASE_LIFETIME_H
#define BASE_LIFETIME_H

#include <sys/types.h>

/*
 * As fork(2), but all signals are blocked in the child: no handler of ours runs
 * there.  They are blocked before the child exists.
 */
pid_t lifetime_fork(void);

/*
 * For the child: from now on it gets the signal when its parent ends.  The
 * parent is the process that made the child, as it knew itself before: the
 * child must not ask, because that process may have ended by then.  A change of
 * the user takes the signal back, prctl(2), so this comes after it.  Signal 0:
 * it lives on from now on.  -1 with errno: ESRCH if the parent has ended
 * already.
 */
int lifetime_bind(pid_t parent, int signal);

#endif
