/* SPDX-License-Identifier: ISC */
/*
 * What a generation binds once its start is over.  The addresses of the
 * service are those of --listen, and those that a generation binds while it
 * starts.  It has started once it is ready, has a socket, and has bound no
 * other for a moment.  From then on a new address is one that the next
 * generation need not bind, though it is given the time; and after the time of
 * --bake, in which slow servers bind the rest of theirs, it is its own affair:
 * an FTP server's port for one transfer, a debugger's.  Nobody shares that one,
 * and nothing is held of it.
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

/* Its program is about to be started: what it binds is the service's. */
void latecomers_begin(struct latecomers *);

/* It has got one more socket at an address of the service; it is ready. */
void latecomers_listen(struct latecomers *);
void latecomers_ready(struct latecomers *);

/*
 * Its program is about to have a socket at an address of the service: one that
 * the next generation need not bind, if it has started.  It is saved with the
 * socket.  Is it such a one?
 */
void latecomers_add(struct latecomers *, const struct address *);
bool latecomers_may_miss(const struct latecomers *, const struct address *);

/*
 * For how many milliseconds more it is waited for next to bind such an address
 * after all: it may take twice as long as this one, and a moment.  Not above
 * 0: no more.
 */
int64_t latecomers_patience(const struct latecomers *, const struct address *,
    const struct latecomers *next);

/* Is what it binds from here on its own? */
bool latecomers_are_so(const struct latecomers *);

/* A listen(2) at an address that is no listener's; noted if it is its own. */
void latecomers_note(struct latecomers *, const struct intercept_call *);

/*
 * Another generation than this one that listens at an address of its own, of
 * TCP, where a socket at this address could get connections as well; NULL if
 * there is none.
 */
const struct generation *latecomers_find(
    const struct generation *, const struct address *);

/* Those that it listens on now, as text; *new*. */
json_t *latecomers_list(const struct latecomers *);

/* For a successor, *new*; an older build has said nothing: saved is NULL. */
json_t *latecomers_save(const struct latecomers *);
void latecomers_restore(struct latecomers *, const json_t *saved);

#endif
