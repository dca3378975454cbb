/* SPDX-License-Identifier: ISC */
/*
 * The checkpoint: a JSON document of what a successor must know, in two memfds.
 * A whole document goes into the memfd that does not have the last one: if a
 * kill interrupts the write, the other one still has the document before it.
 * What changes afterwards is appended to both as records, so that a save costs
 * as much as has changed, however many listeners there are.
 */
#ifndef KEEP_CHECKPOINT_H
#define KEEP_CHECKPOINT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define CHECKPOINT_FILES   2
#define CHECKPOINT_VERSION 1 /* raised if an older hotswap would err */

struct checkpoint {
	int fds[CHECKPOINT_FILES];
	unsigned long long sequence; /* of the newest document */
	json_t *last;		     /* what was saved; NULL: not known */
	size_t at;		     /* the memfd that has it */
	off_t whole, end;	     /* bytes of the document, with records */
	bool plain;		     /* write no records */
};

/*
 * What has changed from one document to the next, and its record.  Who saves
 * the same document in two checkpoints hands the same change to both saves, and
 * it is found and written down once.  Zeros: nothing is known yet.
 */
struct checkpoint_part;
struct checkpoint_change {
	json_t *from, *to, *patch;
	unsigned long long sequence;	/* of from */
	struct checkpoint_part *record; /* NULL: none is made */
};

void checkpoint_change_fini(struct checkpoint_change *);

/* The names of the two memfds in the store. */
extern const char *const checkpoint_names[CHECKPOINT_FILES];

/* Make the two memfds, empty.  -1 with errno. */
int checkpoint_init(struct checkpoint *);

/*
 * plain: write no records from here on, since a build of hotswap that does not
 * know them may read this checkpoint next.
 */
void checkpoint_set_plain(struct checkpoint *, bool plain);

/* Use a predecessor's memfds, *stolen*; each may be -1. */
void checkpoint_adopt(struct checkpoint *, const int fds[CHECKPOINT_FILES]);
void checkpoint_fini(struct checkpoint *);

/*
 * Write the document; atomic.  A document that equals the last saved one is not
 * written again, and the sequence number stays.  The document is kept, and must
 * not change any more, nor what is in it; parts that it shares with the
 * document before cost nothing.  -1 with errno: the document that was there
 * before is still there.
 */
int checkpoint_save(struct checkpoint *, json_t *);

/* The same, with a change that another save may have made or may use. */
int checkpoint_save_change(
    struct checkpoint *, json_t *, struct checkpoint_change *);

/*
 * The newest complete document, *new*.  NULL with why: none is complete, or
 * this program does not know its version.
 */
json_t *checkpoint_load(struct checkpoint *, char *why, size_t size);

#endif
