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
 * For the child: move these descriptors to 3, 4, … and close all others above
 * 2.  The first `inherited` of them stay open over execve(2), the others are
 * close-on-exec.  fds is overwritten.  -1 with errno, and nothing was closed.
 */
int child_arrange(int *fds, size_t n, size_t inherited);

#endif
