/* SPDX-License-Identifier: ISC */
/*
 * The partner: a child that shares this process's table of descriptors and
 * waits for its end.  A process that ends closes what it has open before its
 * parent hears of the end, and hangs in that for ever if it drops the last
 * reference to a file of a program that wants this, base/foreign.h.  As long as
 * there is a partner, a process that is killed closes nothing: its partner does
 * so, and may hang.
 *
 * A partner closes one descriptor after the other, the highest first.  Those
 * that it hangs in do not keep it from the others, unless there are many.  It
 * does so some moments after the end is known: who finds the process dead may
 * find its files still open.
 */
#ifndef BASE_PARTNER_H
#define BASE_PARTNER_H

#include <stdbool.h>
#include <sys/types.h>

#define PARTNER_NAME "hotswap-partner" /* of the process, prctl(2) */

/* Unless there is one.  That it cannot be started is a warning. */
void partner_start(void);

/*
 * Before execve(2), after which this process has a table of its own, and the
 * partner would hold the old one.  -1 with errno: it lives on.
 */
int partner_end(void);

/*
 * Before this process ends by itself: its partner closes all descriptors but
 * the standard ones, also for this process, and ends.  The caller waits for
 * that, as for any child, as long as it likes.  False if there is no partner.
 */
bool partner_finish(void);

/*
 * is: is it the partner?  reaped: the same, to be called once for each child
 * that was waited for; unless it has lived for a moment only, another one is
 * started.
 */
bool partner_is(pid_t);
bool partner_reaped(pid_t);

#endif
