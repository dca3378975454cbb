/* SPDX-License-Identifier: ISC */
/*
 * Forking: what every child of ours needs before anything else, so that no
 * handler, mask or descriptor of the supervisor lives on in it.
 */
#ifndef PROCESS_CHILD_H
#define PROCESS_CHILD_H

#include <stddef.h>
#include <sys/types.h>

#define CHILD_FD_FIRST 3 /* the first descriptor past the standard ones */

/*
 * As fork(2), but in the child each signal has its default action, none is
 * blocked, and no handler of ours has run.
 */
pid_t child_fork(void);

/*
 * For the child: make these descriptors its 3, 4, … and close all above.
 * The first `inherited` of them stay open over execve(2), the others are
 * close-on-exec.  fds is used up.  -1 with errno; what was open is still
 * open then.
 */
int child_arrange(int *fds, size_t n, size_t inherited);

#endif
