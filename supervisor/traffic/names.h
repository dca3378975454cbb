/* SPDX-License-Identifier: ISC */
/*
 * The names of a listener's Unix sockets with a path: the public one and whose
 * socket has it, and beside it the private one of each generation.  Which
 * files they are is remembered, so that nobody else's is ever removed.
 */
#ifndef TRAFFIC_NAMES_H
#define TRAFFIC_NAMES_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/queue.h>

#include "traffic/directory.h"
#include "traffic/endpoint.h"
#include "traffic/finder.h"

/* A generation's socket. */
struct name {
	LIST_ENTRY(name) entry;
	unsigned int generation;
	char private[DIRECTORY_NAME];
	struct identity identity;
	struct directory *directory; /* NULL: it has not been bound */
};

struct names;

/*
 * No generation has one yet.  The endpoint is borrowed for good.  *New*; NULL
 * with errno.
 */
struct names *names_new(const struct endpoint *);

/* All private names have been dropped; the public one is removed. */
void names_free(struct names *);

/* The last component of the public path, borrowed. */
const char *names_public(const struct names *);

/*
 * A private name for a socket of this generation, which has no directory and
 * no file yet.  Borrowed, until names_drop.  NULL with errno: EADDRINUSE if
 * the generation has one.
 */
struct name *names_add(struct names *, unsigned int generation);

/* Remove its file, if there is one. */
void names_drop(struct names *, struct name *);

/* NULL: it has none. */
struct name *names_find(const struct names *, unsigned int generation);

/* Where a socket that joins now is named.  *New*; NULL with errno. */
struct directory *names_choose_directory(const struct names *);

/*
 * Put this one's socket at the public path, unless names_refuse was called.
 * -1 with errno, as directory_place.
 */
int names_place(struct names *, struct name *);

/* Who is in place, borrowed; NULL: who was has left, or nobody was. */
struct name *names_placed(const struct names *);

/* Remove the public name; nobody is put in place any more. */
void names_refuse(struct names *);

/* Somebody is in place, and the public path has gone. */
bool names_are_lost(const struct names *);

/* What this last component of a path is among them. */
enum listener_path names_leaf(const struct names *, const char *leaf);

/* Is any of them in this directory? */
bool names_are_in(const struct names *, const struct identity *directory);

/* What a successor must know, *new*; into new ones, -1 with errno. */
json_t *names_save(const struct names *);
int names_restore(
    struct names *, const json_t *state, const struct way_finder *);

#endif
