/* SPDX-License-Identifier: ISC */
/*
 * The checkpoint's copy in two files, RUNTIME/NAME.checkpoint.0 and .1, which
 * remain when no process holds the memfds any more.  The copy is written after
 * the memfds, and read only if nobody holds them.
 */
#ifndef KEEP_COPY_H
#define KEEP_COPY_H

#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "keep/checkpoint.h"

struct copy {
	char base[PATH_MAX]; /* path of both files without the number */
	struct checkpoint files;
};

/* Touches no file yet. */
void copy_init(struct copy *, const char *directory, const char *name);
void copy_fini(struct copy *);

/* Has a file that was written been removed since? */
bool copy_has_gone(const struct copy *);

/*
 * Write the checkpoint's document, which has this sequence number, as
 * checkpoint_save_change does.  -1 with errno, EPERM if a file cannot be
 * trusted: both files are removed then, because no copy is better than a wrong
 * one.
 */
int copy_save(struct copy *, json_t *, unsigned long long sequence,
    struct checkpoint_change *);

/*
 * The newest document, *new*; its sequence number is in files.sequence.  NULL
 * with why; why is "" if there is no copy.
 */
json_t *copy_load(struct copy *, char *why, size_t size);

/* Remove both files, because the service is stopped on purpose. */
void copy_remove(struct copy *);

#endif
