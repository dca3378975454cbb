/* SPDX-License-Identifier: ISC */
/*
 * The process behind a call that waits: its rights, and the directory that the
 * path of the call leads to.  A deputy (base/deputy.h) with these rights looks
 * the path up, below the caller's root and in its mount namespace.
 */
#ifndef PROCESS_CALLER_H
#define PROCESS_CALLER_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/credentials.h"

struct caller_path {
	struct credentials who;
	int directory; /* opened with O_PATH, *new* */
	dev_t dev;
	ino_t ino;
	char leaf[NAME_MAX + 1]; /* the path's last component */
	bool socket;		 /* the last component is a socket now */
	char text[PATH_MAX];	 /* the directory's path, ends in a slash */
};

/*
 * Look up, with these rights, the directory of a path that thread tid has named
 * relative to its descriptor `number` (or AT_FDCWD).  Release it with
 * caller_path_fini.  -1 with errno: ENOTSUP if it is in a file system that a
 * user may control, ETIMEDOUT if the lookup hangs.
 */
int caller_path_init(struct caller_path *, pid_t tid, int number,
    const char *path, const struct credentials *who);
void caller_path_fini(struct caller_path *);

/*
 * The credentials of the process that connected a Unix socket, as they were
 * then: user and groups from the kernel, unix(7).  They have no capabilities,
 * except that for our own user they have those that process pid has now.
 * Release them with credentials_fini.
 */
int caller_of_socket(int sock, pid_t pid, struct credentials *);

#endif
