/* SPDX-License-Identifier: ISC */
/*
 * When is a generation ready to be checked?  What --ready says.
 */
#ifndef ROLLOUT_READINESS_H
#define ROLLOUT_READINESS_H

#include <stddef.h>

struct generation;
struct readiness;

typedef void readiness_fn(struct generation *, void *arg);

/*
 * Begin to wait; fn is called once, from the loop, when it is ready.  That
 * the program says READY=1 is told by readiness_said.  *New*; NULL with
 * errno.
 */
struct readiness *readiness_start(
    struct generation *, readiness_fn *, void *arg);
void readiness_stop(struct readiness *);

/* The program listens on one address more. */
void readiness_look(struct readiness *);

/* What it still waits for, for people: ": " and that, or "". */
void readiness_describe(const struct readiness *, char *buf, size_t size);

/* The program said READY=1: of use for `notify` and `auto`. */
void readiness_said(struct readiness *);

#endif
