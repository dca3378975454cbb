/* SPDX-License-Identifier: ISC */
/*
 * The checkpoint: a JSON document of what a successor must know, in two memfds
 * that are written in turn.  If a kill interrupts the write of one memfd, the
 * other one still has the document before it.
 */
#ifndef KEEP_CHECKPOINT_H
#define KEEP_CHECKPOINT_H

#include <jansson.h>
#include <sha2.h>
#include <stddef.h>

#define CHECKPOINT_FILES   2
#define CHECKPOINT_VERSION 1 /* raised if an older hotswap would err */

struct checkpoint {
	int fds[CHECKPOINT_FILES];
	unsigned long long sequence;		  /* of the newest document */
	char sha256[SHA256_DIGEST_STRING_LENGTH]; /* of the last; "": none */
};

/* A document as it is written, so that two places can have the same one. */
struct checkpoint_text {
	char *body;
	size_t len;
	char sha256[SHA256_DIGEST_STRING_LENGTH];
};

/* The names of the two memfds in the store. */
extern const char *const checkpoint_names[CHECKPOINT_FILES];

/* Make the two memfds, empty.  -1 with errno. */
int checkpoint_init(struct checkpoint *);

/* Use a predecessor's memfds, *stolen*; each may be -1. */
void checkpoint_adopt(struct checkpoint *, const int fds[CHECKPOINT_FILES]);
void checkpoint_fini(struct checkpoint *);

/* -1 with errno: ENOMEM. */
int checkpoint_text_init(struct checkpoint_text *, const json_t *document);
void checkpoint_text_fini(struct checkpoint_text *);

/*
 * Write the document; atomic.  A document that equals the last saved one is not
 * written again, and the sequence number stays.  -1 with errno: the document
 * that was there before is still there.
 */
int checkpoint_write(struct checkpoint *, const struct checkpoint_text *);
int checkpoint_save(struct checkpoint *, const json_t *);

/*
 * The newest complete document, *new*.  NULL with why: none is complete, or
 * this program does not know its version.
 */
json_t *checkpoint_load(struct checkpoint *, char *why, size_t size);

#endif
