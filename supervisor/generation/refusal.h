/* SPDX-License-Identifier: ISC */
/*
 * Calls that a wrapped program is refused, or that are left to the kernel.  The
 * last of them is the generation's trouble, which status shows, and which
 * explains why a program has ended.  Each function but the first answers the
 * call.
 */
#ifndef GENERATION_REFUSAL_H
#define GENERATION_REFUSAL_H

#include <stdbool.h>

#include "base/pace.h"
#include "generation/target.h"

#define REFUSAL_MAX 1024

struct refusals {
	struct generation *generation;
	bool hangs; /* a path hung: Unix sockets are left to the kernel */
	bool full;  /* too many sockets, which was reported */
	char trouble[REFUSAL_MAX]; /* "": no trouble */
	struct pace told;
};

/* The program is started again. */
void refusals_reset(struct refusals *);

/* Refuse the call with errno, for this reason. */
void refusal_say(struct refusals *, struct intercept_call *, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));

/* Refuse with errno: `WHAT ADDRESS: Address already in use`. */
void refusal_address(struct refusals *, struct intercept_call *,
    const char *what, const struct address *);

/* Refuse with errno, which is EACCES for a privileged port. */
void refusal_port(
    struct refusals *, struct intercept_call *, const struct address *);

/* Refuse with EADDRNOTAVAIL: the socket is in another network namespace. */
void refusal_network(
    struct refusals *, struct intercept_call *, const struct address *);

/* Refuse with EADDRINUSE: another generation has the address as its own. */
void refusal_owned(struct refusals *, struct intercept_call *,
    const struct address *, const struct generation *other);

/*
 * The call's path cannot be looked up, errno: leave the call to the kernel.  A
 * path that hangs has cost us time, so no other path of the program is looked
 * up.
 */
void refusal_path(struct refusals *, struct intercept_call *);

/*
 * The program has too many sockets: leave the call to the kernel; or refuse it
 * with EMFILE if the address has a listener.
 */
void refusal_many(
    struct refusals *, struct intercept_call *, const struct target *);

#endif
