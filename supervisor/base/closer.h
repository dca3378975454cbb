/* SPDX-License-Identifier: ISC */
/*
 * Closers: children that wait in our place.  They drop the last reference to an
 * open file, and may hang in that for ever: a closer is sent the file, this
 * process closes its own descriptor, which is then not the last one, and tells
 * the closer to go on.
 *
 * A closer that does not answer is left alone until it does, and the next file
 * goes to another one.  When CLOSERS_MAX hang, files are left in their queues,
 * and nobody is waited for any more.
 */
#ifndef BASE_CLOSER_H
#define BASE_CLOSER_H

#include <stdbool.h>
#include <sys/types.h>

#define CLOSERS_MAX 4

/*
 * As fd_close, for a file whose close(2) waits for nobody unless it is the last
 * one.  If no closer can be made, or all queues are full, the descriptor stays
 * open until closer_retry.
 */
void closer_close(int *fd);

/*
 * Wait until the kernel has ended all that it reads without a lock now.
 * Returns a descriptor, *new*, from which a byte can be read then; its end
 * comes without a byte if the kernel does not tell.  -1 if no closer can be
 * asked.
 */
int closer_grace(void);

/* Try again what no closer could take. */
void closer_retry(void);

/* All closers end; the next job starts another. */
void closer_end(void);

/*
 * is: is it such a child?  reaped: the same, to be called once for each child
 * that was waited for.
 */
bool closer_is(pid_t);
bool closer_reaped(pid_t);

#endif
