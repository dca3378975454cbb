/* SPDX-License-Identifier: ISC */
/*
 * A deputy: a child that lives for one act and has the rights of the program
 * for which it acts.  The kernel then refuses what that program could not do
 * itself, whatever the program moves, links or swaps meanwhile; and an act
 * that hangs, in a file system of the program's own say, is ended.
 */
#ifndef BASE_DEPUTY_H
#define BASE_DEPUTY_H

#include <stddef.h>
#include <sys/types.h>

#include "base/credentials.h"

#define DEPUTY_DATA_MAX 8192

/*
 * What is done in the child: system calls only, and no descriptor of ours but
 * those of the job.  data is the child's own copy, which comes back as it is
 * left; so does *fd, -1 at first.  -1 with errno.
 */
typedef int deputy_act(void *data, int *fd);

struct deputy_job {
	const struct credentials *who;
	int directory; /* to work in, may be O_PATH; -1: ours */
	int fd;	       /* that the act works with; -1: none */

	/*
	 * Or, where tid is not 0, in directory `number` (AT_FDCWD: the current
	 * one) of this thread, in its mount namespace and below its root.
	 */
	pid_t tid;
	int number;
	deputy_act *act;
	void *data;
	size_t size; /* of data, at most DEPUTY_DATA_MAX */
};

/*
 * Have it done, and wait for it, base/await.h.  fd is *new*; it may be NULL
 * where the act has none to give.  Returns 0; -1 with errno: that of the act,
 * or of what comes before it, ETIMEDOUT if it had to be ended.
 */
int deputy_do(const struct deputy_job *, int *fd);

#endif
