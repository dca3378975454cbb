/* SPDX-License-Identifier: ISC */
/*
 * Processes of a service that live on though nobody supervises them.  They are
 * known by the environment that spawn gave them, unless they have overwritten
 * it.
 */
#ifndef PROCESS_SURVIVORS_H
#define PROCESS_SURVIVORS_H

#include <stddef.h>
#include <sys/types.h>

struct origin;

struct survivor {
	pid_t pid;
	unsigned int generation;
	unsigned long long start; /* as proc_start_time returns it */
};

/*
 * The processes of service name and of this origin whose notification sockets
 * are in the runtime directory, the oldest first; checks and hooks are left
 * out.  *New*, *n may be 0; NULL with errno.
 */
struct survivor *survivors_find(
    const char *name, const char *runtime, const struct origin *, size_t *n);

#endif
