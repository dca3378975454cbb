/* SPDX-License-Identifier: ISC */
/*
 * Readiness: when a generation can be checked, as --ready says.
 */
#ifndef ROLLOUT_READINESS_H
#define ROLLOUT_READINESS_H

#include <stddef.h>

struct generation;
struct readiness;

typedef void readiness_fn(struct generation *, void *arg);

/*
 * Begin to wait; fn is called once, from the loop, when the generation is
 * ready.  readiness_said tells of the program's READY=1.  *New*; NULL with
 * errno.
 */
struct readiness *readiness_start(
    struct generation *, readiness_fn *, void *arg);
void readiness_stop(struct readiness *);

/* A socket was added or closed: look again for `listen` and `auto`. */
void readiness_look(struct readiness *);

/* What it still waits for, for people: ": " and a text, or "". */
void readiness_describe(const struct readiness *, char *buf, size_t size);

/* The program said READY=1, which counts for `notify` and `auto`. */
void readiness_said(struct readiness *);

#endif
