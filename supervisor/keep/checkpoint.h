/* SPDX-License-Identifier: ISC */
/*
 * The checkpoint: a JSON document of what a successor must know, in two
 * memfds that are written in turn.  A write that a kill cuts short spoils the
 * one, and the other says what was so before.
 */
#ifndef KEEP_CHECKPOINT_H
#define KEEP_CHECKPOINT_H

#include <jansson.h>
#include <sha2.h>
#include <stddef.h>

#define CHECKPOINT_FILES   2
#define CHECKPOINT_VERSION 1 /* raised where an older hotswap would err */

struct checkpoint {
	int fds[CHECKPOINT_FILES];
	unsigned long long sequence;		  /* of the newest in them */
	char sha256[SHA256_DIGEST_STRING_LENGTH]; /* as saved last; "": not */
};

/* The names of the descriptors in the store. */
extern const char *const checkpoint_names[CHECKPOINT_FILES];

/* Make the files, empty.  -1 with errno. */
int checkpoint_init(struct checkpoint *);

/* Those of a predecessor, *stolen*; each may be -1. */
void checkpoint_adopt(struct checkpoint *, const int fds[CHECKPOINT_FILES]);
void checkpoint_fini(struct checkpoint *);

/*
 * Write it; atomic.  The document that was saved last is not written again,
 * and keeps its sequence number.  -1 with errno: what was there before is
 * there still.
 */
int checkpoint_save(struct checkpoint *, const json_t *);

/*
 * The newest whole document, *new*.  NULL with why: none is whole, or its
 * version is one that is not known here.
 */
json_t *checkpoint_load(struct checkpoint *, char *why, size_t size);

#endif
