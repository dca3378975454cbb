/* SPDX-License-Identifier: ISC */
/*
 * The checkpoint's copy in two files, RUNTIME/NAME.checkpoint.0 and .1, which
 * outlive all who hold the memfds.  It is written after these and read only
 * where nobody holds any.
 */
#ifndef KEEP_COPY_H
#define KEEP_COPY_H

#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "keep/checkpoint.h"

struct copy {
	char base[PATH_MAX]; /* of the files' names */
	struct checkpoint files;
};

/* No file is touched yet. */
void copy_init(struct copy *, const char *directory, const char *name);
void copy_fini(struct copy *);

/*
 * Write what the checkpoint says, which is its sequence's.  -1 with errno,
 * EPERM if a file is not ours to trust: then there is no copy, which is
 * better than one that lies.
 */
int copy_save(struct copy *, const json_t *, unsigned long long sequence);

/*
 * The newest document, *new*, its sequence in files.sequence.  NULL with why,
 * which is "" if there is no copy.
 */
json_t *copy_load(struct copy *, char *why, size_t size);

/* The end of the service is meant. */
void copy_remove(struct copy *);

#endif
