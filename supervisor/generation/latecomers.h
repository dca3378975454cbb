/* SPDX-License-Identifier: ISC */
/*
 * Addresses that a generation binds once it has started.  The service's
 * addresses are those of --listen and those that a generation binds while it
 * starts.  A generation has started once it is ready, has a socket, and has
 * bound no other for a moment.  The next generation gets time to bind an
 * address that was new after that, but need not bind it.  After the time of
 * --bake, in which slow servers bind the rest of their addresses, a new address
 * is the generation's own: an FTP server's port for one transfer, a debugger's
 * port.  It is not shared, and nothing of it is held.
 */
#ifndef GENERATION_LATECOMERS_H
#define GENERATION_LATECOMERS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct address;
struct generation;
struct intercept_call;
struct latecomers;
struct service;

/* *New*; NULL with errno. */
struct latecomers *latecomers_new(struct generation *);
void latecomers_free(struct latecomers *);

/* The program is about to be started: what it binds is the service's. */
void latecomers_begin(struct latecomers *);

/* It has one more socket at an address of the service; it is ready. */
void latecomers_listen(struct latecomers *);
void latecomers_ready(struct latecomers *);

/*
 * latecomers_add: the program is about to have a socket at an address of the
 * service; if the generation has started, the next one need not bind the
 * address.  This is saved with the socket.  latecomers_may_miss: is it such an
 * address?
 */
void latecomers_add(struct latecomers *, const struct address *);
bool latecomers_may_miss(const struct latecomers *, const struct address *);

/*
 * For how many more milliseconds next is given time to bind such an address:
 * twice the time that this generation took, and a moment.  0 or less: no more.
 */
int64_t latecomers_patience(const struct latecomers *, const struct address *,
    const struct latecomers *next);

/* Is what the generation binds from now on its own? */
bool latecomers_are_so(const struct latecomers *);

/*
 * A listen(2) at an address without a listener; noted if the address is its
 * own.
 */
void latecomers_note(struct latecomers *, const struct intercept_call *);

/*
 * Another generation than this one that listens on an own address, TCP, where a
 * socket at this address could get connections as well; NULL if there is none.
 */
const struct generation *latecomers_find(
    const struct generation *, const struct address *);

/* The own addresses on which the generation listens now, as text; *new*. */
json_t *latecomers_list(const struct latecomers *);

/*
 * For a successor, *new*; before: what was saved last, base/describe.h.  saved
 * is NULL if an older build has saved nothing.
 */
json_t *latecomers_save(const struct latecomers *, const json_t *before);
void latecomers_restore(struct latecomers *, const json_t *saved);

#endif
