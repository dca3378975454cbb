/* SPDX-License-Identifier: ISC */
/*
 * Recovery: the checkpoint is kept up to date here, and a new supervisor reads
 * it here.  Every start is a recovery; a first start finds a checkpoint with
 * only what the command line asks for.
 */
#ifndef SERVICE_RECOVERY_H
#define SERVICE_RECOVERY_H

#include <jansson.h>
#include <stdbool.h>

struct recovery;
struct service;
struct copy;

/*
 * Read the checkpoint; if there is none, begin with first, borrowed.  Sets the
 * service's options.  -1, after a log line: then nothing that runs must be
 * touched.
 */
int recovery_open(struct service *, const json_t *first);
void recovery_close(struct service *);

/*
 * recovery_copy: the checkpoint's copy, *borrowed*; needs the runtime
 * directory.  recovery_command: the command line's program, *borrowed*.
 */
struct copy *recovery_copy(struct service *);
json_t *recovery_command(const struct service *);

/*
 * Continue from a document, *stolen*, that adoption has found, with the
 * sequence number of its copy.
 */
void recovery_adopt(
    struct service *, json_t *document, unsigned long long sequence);

/* Leave what was adopted as it is; the keeper shall start no supervisor. */
void recovery_yield(struct service *);

/* Is this a first start, with nothing that ran before? */
bool recovery_is_first(const struct service *);

/* Restore the service's parts.  -1 after a log line. */
int recovery_restore(struct service *);

/*
 * Read a checkpoint, *stolen*, for a service that will never run, and touch
 * nothing.  -1 with why if it could not be used.
 */
int recovery_examine(struct service *, int fd, char *why, size_t size);

/*
 * All parts are ready: keep the checkpoint from here on, and continue where the
 * predecessor was, or begin.
 */
void recovery_begin(struct service *);

/* The service ends on request: the keeper shall start no supervisor. */
void recovery_end(struct service *);

#endif
