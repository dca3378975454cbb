/* SPDX-License-Identifier: ISC */
/*
 * What the address of a wrapped program's call is to the service: which
 * listener's, and whether the program may have it.  Decides nothing.
 */
#ifndef GENERATION_TARGET_H
#define GENERATION_TARGET_H

#include <stdbool.h>
#include <stddef.h>

#include "process/caller.h"
#include "traffic/address.h"

struct generation;
struct intercept_call;
struct listener;

struct target {
	struct address address;
	struct caller_path path; /* of a Unix socket that has one */
	bool has_path;
	struct listener *listener; /* NULL: none is there, borrowed */
};

/*
 * Of a bind(2), or a listen(2) of what is no Unix socket with a path.  To be
 * released with target_fini.  -1 with errno: EAFNOSUPPORT if it is nothing
 * that can be a listener's, else as intercept_locate.
 */
int target_init(
    struct target *, const struct generation *, const struct intercept_call *);
void target_fini(struct target *);

/* Has the operator said that it is to be left alone, --ignore? */
bool target_is_ignored(const struct target *, const struct generation *);

/*
 * A port that takes a privilege, where the operator has not declared it with
 * --listen: has the caller that privilege?  -1 with errno, EACCES if not.
 */
int target_may_bind(const struct target *, const struct generation *,
    const struct intercept_call *);

/*
 * The listener of another generation's that a socket here would take
 * connections from, in a group of its own where nothing steers; NULL if
 * there is none.
 */
const struct listener *target_obstacle(
    const struct target *, const struct generation *, bool v6only);

/*
 * Does this path, of an unlink(2), lead to the place of one of the service's
 * sockets?  -1 with errno as intercept_locate.
 */
int target_is_unlinked(
    const struct generation *, const struct intercept_call *);

/* Is the caller's socket in another network namespace than we are? */
bool target_is_elsewhere(const struct intercept_call *);

#endif
