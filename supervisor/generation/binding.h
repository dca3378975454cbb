/* SPDX-License-Identifier: ISC */
/*
 * What becomes of the calls of a generation's wrapped program:
 *
 *  bind    at a listener's address: done here, so that the socket can be
 *	   adopted.  If the generation has a socket there that nobody uses
 *	   (of a program that crashed, or passed and not taken), the program
 *	   gets that socket and the connections in its queue
 *  listen  the socket becomes one of the generation's sockets, with a backlog
 *	   of at least --backlog; an address without a listener gets one
 *  unlink  the path of a listener stays
 *  connect see generation/own_path.h
 *  option  see generation/own_steering.h
 *
 * All other calls, and addresses that --ignore names, are left to the kernel.
 */
#ifndef GENERATION_BINDING_H
#define GENERATION_BINDING_H

#include <stdbool.h>

struct bindings;
struct generation;
struct intercept_call;

/* *New*; NULL with errno. */
struct bindings *bindings_new(struct generation *);
void bindings_free(struct bindings *);

/* The program is about to be started again, so it uses no socket. */
void bindings_reset(struct bindings *);

/* Decide a call, and answer it. */
void bindings_decide(struct bindings *, struct intercept_call *);

/* Does the program serve all Unix addresses of the service? */
bool bindings_serve_all(struct bindings *);

/* The last call that was refused, for people; "" if none was.  Borrowed. */
const char *bindings_trouble(const struct bindings *);

#endif
