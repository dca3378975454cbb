/* SPDX-License-Identifier: ISC */
/*
 * Halting processes for a moment, so that nothing of them runs meanwhile:
 * SIGSTOP and SIGCONT, which no program can block.  A program sees no more of
 * it than of Ctrl-Z in a shell: a call such as epoll_wait(2) fails with EINTR.
 * For a child of ours, since it waits.
 */
#ifndef PROCESS_HALT_H
#define PROCESS_HALT_H

#include <stddef.h>
#include <sys/types.h>

#define HALT_LIMIT_MS 50

struct halt {
	size_t n;
	struct halted *list; /* *owned* */
};

/*
 * Take processes that ran before this process, the caller, was forked; those
 * that have ended are left out.  -1 with errno: EAGAIN if the PID of one may be
 * another process's by now.  What it takes is released with the process.
 */
int halt_open(struct halt *, const pid_t *, size_t n);

/*
 * Stop the processes, and wait until no thread of them runs.  -1 with errno,
 * and all of them run: ETIMEDOUT after HALT_LIMIT_MS, EPERM.
 */
int halt_begin(const struct halt *);

/* All of them go on; those that run already do not notice. */
void halt_end(const struct halt *);

/* Let processes go on that a child may have halted before it was killed. */
void halt_release(const pid_t *, size_t n);

#endif
