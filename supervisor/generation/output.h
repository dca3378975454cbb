/* SPDX-License-Identifier: ISC */
/*
 * Where the programs' output goes: after `hotswap start` into a file of its own
 * beside the supervisor's log; after `hotswap run` where our output goes, but a
 * program of another user never gets a file that we have open.  Loggers,
 * process/logger.h, write the output at the end of pipes.  The pipes' ends
 * outlive us and the loggers, so that the death of either stops no program.
 */
#ifndef GENERATION_OUTPUT_H
#define GENERATION_OUTPUT_H

#include <jansson.h>
#include <stddef.h>

struct output;
struct service;

/* Before anything is restored; and once all programs have ended. */
int output_prepare(struct service *);
void output_close(struct service *);

/*
 * Save what a successor must know, *new*; and restore it, where NULL is
 * allowed.
 */
json_t *output_save(const struct service *);
int output_restore(struct service *, const json_t *);

/* Make the pipes or take them over, and start the loggers.  -1 with why. */
int output_open(struct service *, char *why, size_t size);

/* The two descriptors for a program's stdout and stderr, *borrowed*. */
const int *output_fds(const struct service *);

/* The files have been renamed: write to new ones from now on. */
void output_reopen(struct service *);

#endif
