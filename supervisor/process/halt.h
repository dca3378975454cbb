/* SPDX-License-Identifier: ISC */
/*
 * Halting processes for a moment, so that nothing of them runs meanwhile:
 * SIGSTOP and SIGCONT, which no program can block.  A program sees no more of
 * it than of Ctrl-Z in a shell: a call such as epoll_wait(2) fails with EINTR.
 */
#ifndef PROCESS_HALT_H
#define PROCESS_HALT_H

#include <stddef.h>
#include <sys/types.h>

#define HALT_LIMIT_MS 50

/*
 * Stop the processes, and wait until no thread of them runs.  -1 with errno,
 * and all of them run: ETIMEDOUT after HALT_LIMIT_MS, EPERM.  For a child of
 * ours, since it waits.
 */
int halt_begin(const pid_t *, size_t n);

/* All of them go on; those that run already do not notice. */
void halt_end(const pid_t *, size_t n);

#endif
