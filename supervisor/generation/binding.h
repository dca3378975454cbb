/* SPDX-License-Identifier: ISC */
/*
 * What becomes of the calls of a generation's wrapped program:
 *
 *   bind    at a listener's address: done here, so that the socket can be
 *           adopted; or, where the generation has a socket there that nobody
 *           uses (of a program that crashed, or passed and not taken), the
 *           program gets that one, and what waits in its queue
 *   listen  the socket becomes one of the generation's, with --backlog at
 *           the least; an address that is no listener's yet becomes one
 *   unlink  the path of a listener stays
 *   option  see generation/own_steering.h
 *
 * All else, and what --ignore names, is the kernel's business.
 */
#ifndef GENERATION_BINDING_H
#define GENERATION_BINDING_H

struct bindings;
struct generation;
struct intercept_call;

/* *New*; NULL with errno. */
struct bindings *bindings_new(struct generation *);
void bindings_free(struct bindings *);

/* Its program is about to be started anew: nothing of it is in use. */
void bindings_reset(struct bindings *);

/* Decide a call, and answer it. */
void bindings_decide(struct bindings *, struct intercept_call *);

/* The last call that was refused, for people; "" if none was.  Borrowed. */
const char *bindings_trouble(const struct bindings *);

#endif
