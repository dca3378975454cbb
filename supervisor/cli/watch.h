/* SPDX-License-Identifier: ISC */
/*
 * status --watch.
 */
#ifndef CLI_WATCH_H
#define CLI_WATCH_H

struct arguments;

/* Show the status until the user ends it.  Returns the exit status. */
int watch_status(const struct arguments *);

#endif
