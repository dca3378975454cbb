/* SPDX-License-Identifier: ISC */
/*
 * The process behind a call that waits: its rights, and the directory that
 * a path of its leads to.  That is looked for by a deputy (base/deputy.h) with
 * those rights, below the caller's root and in its mount namespace.
 */
#ifndef PROCESS_CALLER_H
#define PROCESS_CALLER_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/credentials.h"

struct caller_path {
	struct credentials who;
	int directory; /* as O_PATH opens it, *new* */
	dev_t dev;
	ino_t ino;
	char leaf[NAME_MAX + 1]; /* the path's last component */
	bool socket;		 /* that is a socket now */
	char text[PATH_MAX];	 /* of the directory, for people, with a slash
				    at its end */
};

/*
 * Find out where path leads that thread tid, with these rights, names,
 * relative to its directory `number` (or AT_FDCWD).  To be released with
 * caller_path_fini.  -1 with errno: ENOTSUP if it is in a file system that a
 * user may have made to his liking, ETIMEDOUT if it hangs.
 */
int caller_path_init(struct caller_path *, pid_t tid, int number,
    const char *path, const struct credentials *who);
void caller_path_fini(struct caller_path *);

/*
 * Who has connected to a Unix socket, as it was then: user, group and groups
 * from the kernel, unix(7); no capability, unless it is our own user: those of
 * process pid then.  To be released with credentials_fini.
 */
int caller_of_socket(int sock, pid_t pid, struct credentials *);

#endif
