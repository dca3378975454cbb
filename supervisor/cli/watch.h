/* SPDX-License-Identifier: ISC */
/*
 * status --watch.
 */
#ifndef CLI_WATCH_H
#define CLI_WATCH_H

struct arguments;

/* Show it until somebody ends it; returns the exit status. */
int watch_status(const struct arguments *);

#endif
