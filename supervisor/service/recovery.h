/* SPDX-License-Identifier: ISC */
/*
 * Start is recovery: what a successor needs is kept up to date here, and
 * here it is found again.  A first start finds a checkpoint that says
 * nothing but what was asked for.
 */
#ifndef SERVICE_RECOVERY_H
#define SERVICE_RECOVERY_H

#include <jansson.h>
#include <stdbool.h>

struct recovery;
struct service;
struct copy;

/*
 * Find out what there is to go on with; first, borrowed, is what to begin
 * with where there is nothing.  Sets the service's options.  -1 after it has
 * said what is wrong: then nothing must be touched.
 */
int recovery_open(struct service *, const json_t *first);
void recovery_close(struct service *);

/*
 * Where the runtime directory is known: the checkpoint's copy, *borrowed*.
 * What the command line asked for, *borrowed*.
 */
struct copy *recovery_copy(struct service *);
json_t *recovery_command(const struct service *);

/*
 * There is something to go on with after all: a document, *stolen*, with the
 * number of its copy.
 */
void recovery_adopt(
    struct service *, json_t *document, unsigned long long sequence);

/* What was adopted is left to others as it is: nobody shall start us again. */
void recovery_yield(struct service *);

/* Nothing ran before. */
bool recovery_is_first(const struct service *);

/* Bring the service's parts back.  -1 after it has said what is wrong. */
int recovery_restore(struct service *);

/*
 * For a service that will never run: read all of a checkpoint, *stolen*, and
 * touch nothing.  -1 with why it would be of no use.
 */
int recovery_examine(struct service *, int fd, char *why, size_t size);

/*
 * All is in place: from here on the checkpoint is kept, and everything goes
 * on where it was, or begins.
 */
void recovery_begin(struct service *);

/* We end because we are asked to: nobody shall start us again. */
void recovery_end(struct service *);

#endif
