/* SPDX-License-Identifier: ISC */
/*
 * The service's listeners together: every generation has its sockets in all
 * of them, and all keep to the same shares.
 */
#ifndef GENERATION_STEERING_H
#define GENERATION_STEERING_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct address;
struct generation;
struct listener;
struct service;

/* Make the listeners of --listen.  -1 with why. */
int steering_open(struct service *, char *why, size_t size);
void steering_close(struct service *);

/* What a successor must know of all listeners, *new*. */
json_t *steering_save(const struct service *);

/* Make them again, with what is held of their sockets.  -1 with errno. */
int steering_restore(struct service *, const json_t *);

/*
 * Can all listeners give a part of the connections to one generation and the
 * rest to another?  -1 with why.
 */
int steering_can_share(const struct service *, char *why, size_t size);

/* The listener at this address; NULL if there is none. */
struct listener *steering_find(const struct service *, const struct address *);

/* Has the operator named it, by --listen or by a .socket unit? */
bool steering_is_declared(const struct service *, const struct listener *);

/*
 * A listener that is not the service's yet, whose sockets are held from the
 * first on; name may be NULL.  *New*; NULL with errno.
 */
struct listener *steering_make(
    struct service *, const char *name, const struct address *);

/*
 * One that a program made by binding its own socket, which is in it; it goes
 * again with the last socket.  *Steals* it in every case.  -1 with errno.
 */
int steering_add(struct service *, struct listener *);

/*
 * Sockets for a new generation in those of --listen, at share 0; before a
 * program is started again, those that it has shut down listen again.  -1
 * with why.
 */
int steering_join(struct generation *, char *why, size_t size);

/* A program's own listener without a socket is none any more. */
void steering_tidy(struct service *);

/*
 * Sockets in every listener for one that is still to be started, in which
 * connections can wait for it: a wrapped program gets them when it binds.
 * -1 with why.
 */
int steering_await(struct generation *, char *why, size_t size);

/*
 * Put the shares of all generations in force, in every listener or, on
 * failure, in none.  -1 with errno.
 */
int steering_apply(struct service *);

/*
 * Give one generation's sockets, with what waits in them, to another that
 * has none.  To be followed by steering_apply.
 */
void steering_hand_over(
    const struct generation *from, const struct generation *to);

/* It is about to be stopped; and: it has ended. */
void steering_prepare_leave(struct generation *);
void steering_leave(struct generation *);

/* Connections that wait to be accepted by it, in all listeners. */
int steering_queued(const struct generation *);

#endif
