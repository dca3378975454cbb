/* SPDX-License-Identifier: ISC */
/*
 * A file with a process ID, which is written aside and renamed.  In a
 * directory that others than root and ourselves can change, a link may have
 * been planted anywhere on the way: there the program's rights are used, so
 * that nobody gets a file written or removed that the program could not.
 */
#ifndef CONTROL_PID_FILE_H
#define CONTROL_PID_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#define PID_FILE_WHY (3 * PATH_MAX) /* room for any reason, one line */

struct options;
struct pid_file;

/* options say whom the program runs as.  *New*; NULL with errno. */
struct pid_file *pid_file_new(const char *path, const struct options *);

/* Let go of it; the file stays.  NULL is fine. */
void pid_file_free(struct pid_file *);

/*
 * Make it say pid, or with 0 remove it; that there is none is no failure.
 * -1 with why: what cannot be done, to what, and what to do.
 */
int pid_file_put(struct pid_file *, pid_t pid, char why[static PID_FILE_WHY]);

/*
 * The same for one that says who we are, which is locked as long as we live.
 * *other is set to who has it already, where alone is asked for: then -1.
 */
int pid_file_claim(struct pid_file *, pid_t pid, bool alone, pid_t *other,
    char why[static PID_FILE_WHY]);

#endif
