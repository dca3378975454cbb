/* SPDX-License-Identifier: ISC */
/*
 * The names of a listener's Unix sockets with a path: the public name, with the
 * generation whose socket has it, and beside it a private name for each
 * generation.  The identities of the files are remembered, so that no other
 * file is removed.
 */
#ifndef TRAFFIC_NAMES_H
#define TRAFFIC_NAMES_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/queue.h>

#include "traffic/directory.h"
#include "traffic/endpoint.h"
#include "traffic/finder.h"

/* The private name of a generation's socket. */
struct name {
	LIST_ENTRY(name) entry;
	unsigned int generation;
	char private[DIRECTORY_NAME];
	struct identity identity;
	struct directory *directory; /* NULL: it is not bound yet */
};

struct names;

/*
 * At first no generation has a name.  The endpoint is borrowed as long as the
 * names live.  *New*; NULL with errno.
 */
struct names *names_new(const struct endpoint *);

/* All private names must have been dropped; the public name is removed. */
void names_free(struct names *);

/* The last component of the public path, borrowed. */
const char *names_public(const struct names *);

/*
 * Make a private name for a socket of this generation, without a directory and
 * a file at first.  Borrowed, until names_drop.  NULL with errno: EADDRINUSE if
 * the generation has a name.
 */
struct name *names_add(struct names *, unsigned int generation);

/* Remove the name, and its file if there is one. */
void names_drop(struct names *, struct name *);

/* The name of a generation; NULL if it has none. */
struct name *names_find(const struct names *, unsigned int generation);

/* The directory for a socket that joins now.  *New*; NULL with errno. */
struct directory *names_choose_directory(const struct names *);

/*
 * Put the socket of this name at the public path, unless names_refuse was
 * called.  -1 with errno as directory_place.
 */
int names_place(struct names *, struct name *);

/*
 * The name in place, borrowed; NULL if there is none, or if its generation has
 * left.
 */
struct name *names_placed(const struct names *);

/* Remove the public name; from now on no name is put in place. */
void names_refuse(struct names *);

/* Whether a name is in place but the public path has gone. */
bool names_are_lost(const struct names *);

/* What the last component of a path is to these names. */
enum listener_path names_leaf(const struct names *, const char *leaf);

/* Is any of the names in this directory? */
bool names_are_in(const struct names *, const struct identity *directory);

/* Save for a successor, *new*; and restore into new names, -1 with errno. */
json_t *names_save(const struct names *);
int names_restore(
    struct names *, const json_t *state, const struct way_finder *);

#endif
