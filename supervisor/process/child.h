/* SPDX-License-Identifier: ISC */
/*
 * Forking: what every child of ours needs first, so that no handler, mask or
 * descriptor of the supervisor is left in it.
 */
#ifndef PROCESS_CHILD_H
#define PROCESS_CHILD_H

#include <stddef.h>
#include <sys/types.h>

#define CHILD_FD_FIRST 3 /* the first descriptor past the standard ones */

/*
 * As fork(2), but in the child each signal has its default action, no signal is
 * blocked, and no handler of ours has run.
 */
pid_t child_fork(void);

/*
 * As child_fork, for a child that calls child_arrange first.  Returns when the
 * child has closed our descriptors: until then a listening socket that we close
 * would go on taking connections.
 */
pid_t child_fork_apart(void);

/*
 * For the child: move these descriptors to 3, 4, … and close all others above
 * 2.  The first `inherited` of them stay open over execve(2), the others are
 * close-on-exec.  fds is overwritten.  -1 with errno.
 */
int child_arrange(int *fds, size_t n, size_t inherited);

/* Which of its steps has failed in a child, and errno. */
struct child_failure {
	unsigned int step;
	int error;
};

/* For the child: report that this step has failed, by errno, and end. */
_Noreturn void child_fail(int report, unsigned int step);

/*
 * Read the report, a pipe that execve(2) closes.  Returns 1 if a step has
 * failed, 0 if none has, -1 if that cannot be told.
 */
int child_read_failure(int report, struct child_failure *);

#endif
