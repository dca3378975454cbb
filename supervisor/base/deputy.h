/* SPDX-License-Identifier: ISC */
/*
 * A deputy: a child that lives for one act and has the rights of the program
 * for which it acts.  So the kernel refuses what the program itself could not
 * do, also if the program moves or replaces files meanwhile.  An act that
 * hangs, for example in the program's own file system, is ended.
 */
#ifndef BASE_DEPUTY_H
#define BASE_DEPUTY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/credentials.h"

#define DEPUTY_DATA_MAX 8192

/*
 * The act, in the child: only system calls, and only the descriptors of the
 * job.  data is the child's own copy, which is returned to the caller as the
 * act leaves it; so is *fd, which is -1 at first.  -1 with errno.
 */
typedef int deputy_act(void *data, int *fd);

struct deputy_job {
	const struct credentials *who;
	int directory; /* the current directory; may be O_PATH; -1: unchanged */
	int fd;	       /* that the act uses; -1: none */
	int with;      /* another one; 0: none */
	bool quick;    /* the act waits for no disk */

	/*
	 * If tid is not 0: act instead in directory `number` of this thread
	 * (AT_FDCWD: its current one), in its mount namespace and below its
	 * root.
	 */
	pid_t tid;
	int number;
	deputy_act *act;
	void *data;
	size_t size; /* size of data, at most DEPUTY_DATA_MAX */
};

/*
 * Have the act done and wait for it, base/await.h.  *fd is *new*; fd may be
 * NULL if the act returns no descriptor.  Returns 0; -1 with errno: that of the
 * act or of its preparation, ETIMEDOUT if the child had to be killed.
 */
int deputy_do(const struct deputy_job *, int *fd);

/*
 * A deputy that has done its act still ends, and nobody may look at its
 * descriptors.  deputy_is: is it a child that was a deputy and has not been
 * waited for?  deputy_reaped: the same, to be called once for each child that
 * was waited for.
 */
bool deputy_is(pid_t);
bool deputy_reaped(pid_t);

#endif
