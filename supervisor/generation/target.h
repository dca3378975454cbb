/* SPDX-License-Identifier: ISC */
/*
 * What the address of a wrapped program's call means for the service: which
 * listener has it, and whether the program may have it.  Nothing is decided
 * here.
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
	struct caller_path path; /* of a Unix socket with a path */
	bool has_path;
	struct listener *listener; /* borrowed; NULL: there is none */
};

/*
 * The target of a bind(2), or of a listen(2) on a socket that is no Unix socket
 * with a path.  Release it with target_fini.  -1 with errno: EAFNOSUPPORT if no
 * listener can have such an address, else as intercept_locate.
 */
int target_init(
    struct target *, const struct generation *, const struct intercept_call *);
void target_fini(struct target *);

/* The private name of a socket, too, leads to its listener. */
void target_take_private(
    struct target *, const struct generation *, const struct intercept_call *);

/*
 * May a Unix call's path or abstract name be that of the listener, as far as
 * its last part tells?
 */
bool target_may_be_at(const struct listener *, const struct intercept_call *);

/* Does --ignore say that the address is left to the program? */
bool target_is_ignored(const struct target *, const struct generation *);

/*
 * If the port is privileged and not declared with --listen: does the caller
 * have that privilege?  -1 with errno, EACCES if not.
 */
int target_may_bind(const struct target *, const struct generation *,
    const struct intercept_call *);

/*
 * A listener of another generation from which a socket at this address would
 * take connections, in a group that nothing steers; NULL if there is none.
 */
const struct listener *target_obstacle(
    const struct target *, const struct generation *, bool v6only);

/* The same of a listener where this generation has a socket. */
struct listener *target_own_obstacle(
    const struct target *, const struct generation *, bool v6only);

/*
 * Does the path of an unlink(2) lead to one of the service's sockets?  -1 with
 * errno as intercept_locate.
 */
int target_is_unlinked(
    const struct generation *, const struct intercept_call *);

/* Is the caller's socket in another network namespace than ours? */
bool target_is_elsewhere(const struct intercept_call *);

#endif
