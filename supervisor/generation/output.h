/* SPDX-License-Identifier: ISC */
/*
 * Where the programs' output goes: after `hotswap start` into a file of its
 * own, apart from the supervisor's log; after `hotswap run` where ours goes,
 * but a program of another user never gets a file that we have open.  Both
 * are done by loggers, process/logger.h, at the end of pipes whose ends
 * outlive us, so that no program is ever stopped by our death or theirs.
 */
#ifndef GENERATION_OUTPUT_H
#define GENERATION_OUTPUT_H

#include <jansson.h>
#include <stddef.h>

struct output;
struct service;

/* Before anything is restored, and once all programs have ended. */
int output_prepare(struct service *);
void output_close(struct service *);

/* What a successor must know, *new*, and taking note of it; NULL is fine. */
json_t *output_save(const struct service *);
int output_restore(struct service *, const json_t *);

/* Make the pipes, or take them over, and start the loggers.  -1 with why. */
int output_open(struct service *, char *why, size_t size);

/* The two descriptors that are a program's stdout and stderr, *borrowed*. */
const int *output_fds(const struct service *);

/* The files have been renamed: go on in new ones. */
void output_reopen(struct service *);

#endif
