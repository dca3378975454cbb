/* SPDX-License-Identifier: ISC */
/*
 * A file that contains a process ID.  It is written under another name and
 * renamed.  In a directory that others than root and ourselves can change, any
 * part of the path may be a planted link; there the program's rights are used,
 * so that no file is written or removed that the program could not write or
 * remove.
 */
#ifndef CONTROL_PID_FILE_H
#define CONTROL_PID_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#define PID_FILE_WHY (3 * PATH_MAX) /* room for any reason, one line */

struct options;
struct pid_file;

/* options tell which user the program runs as.  *New*; NULL with errno. */
struct pid_file *pid_file_new(const char *path, const struct options *);

/* Release it; the file stays.  NULL is allowed. */
void pid_file_free(struct pid_file *);

/*
 * Write pid into the file, or remove the file if pid is 0; a missing file is no
 * failure then.  -1 with why: what cannot be done, to what, and what to do.
 */
int pid_file_put(struct pid_file *, pid_t pid, char *why, size_t size);

/*
 * As pid_file_put, for the file that has our own PID; it stays locked as long
 * as we live.  With alone, -1 if another process has the file already: *other
 * is its PID.
 */
int pid_file_claim(struct pid_file *, pid_t pid, bool alone, pid_t *other,
    char *why, size_t size);

#endif
