/* SPDX-License-Identifier: ISC */
/*
 * The policy: whether, and when, a generation that has ended is started again.
 * Runs of the program that have ended, and failures that are the program's own,
 * are counted.  A start that failed for lack of something in the system,
 * base/lack.h, is tried again until it succeeds.
 */
#ifndef GENERATION_RESTART_H
#define GENERATION_RESTART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct generation;
struct options;

/* status: of waitpid(2). */
bool restart_is_wanted(const struct options *, int status);

/* Count a restart.  The milliseconds to wait before; -1: beyond the limit. */
int64_t restart_wait(struct generation *);

/*
 * A start has had this result, -1 with errno: note whether it has failed for
 * lack of something, generation->lacks.  Returns the result; errno stays.
 */
int restart_note(struct generation *, int result);

/*
 * The milliseconds to wait before the next try, after so many lacks; 0: nothing
 * has been lacking.
 */
int64_t restart_wait_for_system(const struct generation *);

/* Try a start after so many milliseconds. */
void restart_after(struct generation *, int64_t ms);

/* Have there been as many tries as --restart-limit would allow? */
bool restart_lacks_for_long(const struct generation *);

/* Tell that something is tried again for lack, unless this why is known. */
void restart_tell_lack(struct generation *, const char *why);

#endif
