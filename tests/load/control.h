/* SPDX-License-Identifier: ISC */
/*
 * Lines by which a test controls a running load client:
 *
 *	phase NAME   requests that begin from now on are counted under NAME
 *	mark NAME    note the time
 *	report FILE  write the report so far to FILE, which appears complete
 *	stop	 end the run
 */
#ifndef LOAD_CONTROL_H
#define LOAD_CONTROL_H

#include <stdint.h>

#include "options.h"
#include "tally.h"

struct control;

/*
 * Open a FIFO, which is made if it is missing and removed at the end, or stdin
 * if path is `-`.  *New*; NULL if path is NULL.  A failure ends the program.
 */
struct control *control_open(const char *path);
void control_close(struct control *);

/* Borrowed; readable when there are lines. */
int control_fd(const struct control *);

/* Carry out the lines that have come.  -1 after `stop`. */
int control_read(
    struct control *, const struct options *, struct tally *, int64_t now);

#endif
