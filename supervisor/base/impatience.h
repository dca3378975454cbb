/* SPDX-License-Identifier: ISC */
/*
 * A limit to system calls that wait and can be interrupted.
 */
#ifndef BASE_IMPATIENCE_H
#define BASE_IMPATIENCE_H

#define IMPATIENCE_MS	  20
#define IMPATIENCE_SIGNAL SIGVTALRM /* not used or handled elsewhere */

/*
 * Between begin and end, which may be nested, a signal interrupts each system
 * call that waits for longer than IMPATIENCE_MS, as the close(2) of a socket
 * that lingers.  A call that the kernel restarts after a signal goes on as if
 * there were none.
 */
void impatience_begin(void);
void impatience_end(void);

#endif
