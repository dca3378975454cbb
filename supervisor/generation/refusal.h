/* SPDX-License-Identifier: ISC */
/*
 * What a wrapped program is refused, and what is left to the kernel.  The last
 * of it is the generation's trouble, which status shows and which explains a
 * program that ends for it.  Each function but the first answers the call.
 */
#ifndef GENERATION_REFUSAL_H
#define GENERATION_REFUSAL_H

#include <stdbool.h>

#include "base/pace.h"
#include "generation/target.h"

#define REFUSAL_MAX 1024

struct refusals {
	struct generation *generation;
	bool hangs; /* a path of the program's: none is looked at any more */
	bool full;  /* it has been told that its sockets are too many */
	char trouble[REFUSAL_MAX]; /* "": none */
	struct pace told;
};

/* The program is started anew. */
void refusals_reset(struct refusals *);

/* With errno, for this reason. */
void refusal_say(struct refusals *, struct intercept_call *, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));

/* With errno: `WHAT ADDRESS: Address already in use`. */
void refusal_address(struct refusals *, struct intercept_call *,
    const char *what, const struct address *);

/* With errno, which is EACCES where the port is a privileged one. */
void refusal_port(
    struct refusals *, struct intercept_call *, const struct address *);

/* The socket is in another network namespace: EADDRNOTAVAIL. */
void refusal_network(
    struct refusals *, struct intercept_call *, const struct address *);

/* Another generation has the address as its own: EADDRINUSE. */
void refusal_owned(struct refusals *, struct intercept_call *,
    const struct address *, const struct generation *other);

/*
 * Its path cannot be looked at, errno: the kernel does with it what it can.
 * One that hangs has cost us time, and the next ones would do so too.
 */
void refusal_path(struct refusals *, struct intercept_call *);

/*
 * The program has sockets enough: the kernel does it, or nobody (EMFILE) where
 * others are served.
 */
void refusal_many(
    struct refusals *, struct intercept_call *, const struct target *);

#endif
