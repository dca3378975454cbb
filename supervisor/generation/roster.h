/* SPDX-License-Identifier: ISC */
/*
 * The list of the service's listeners.
 */
#ifndef GENERATION_ROSTER_H
#define GENERATION_ROSTER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct address;
struct listener;
struct service;

/* Make the listeners of --listen and of a .socket unit.  -1 with why. */
int roster_open(struct service *, char *why, size_t size);
void roster_close(struct service *);

/* Save what a successor must know of all listeners, *new*. */
json_t *roster_save(const struct service *);

/* Make the listeners again, with the sockets that are held.  -1 with errno. */
int roster_restore(struct service *, const json_t *);

/* The addresses of all listeners, *new*; NULL with errno. */
struct address *roster_addresses(const struct service *);

/* The listener at this address; NULL if there is none. */
struct listener *roster_find(const struct service *, const struct address *);

/*
 * The listener in which the generation has this socket; NULL if there is none.
 */
struct listener *roster_with_socket(
    const struct service *, unsigned int generation, int fd);

/* Is there a listener at a path or at an abstract name? */
bool roster_has_unix(const struct service *);

/* Has the operator named the listener, by --listen or by a .socket unit? */
bool roster_is_declared(const struct service *, const struct listener *);

/*
 * Make a listener that is not in the list yet.  Its sockets are held from the
 * beginning; name may be NULL.  *New*; NULL with errno.
 */
struct listener *roster_make(
    struct service *, const char *name, const struct address *);

/* Append a listener, which is *stolen* in every case.  -1 with errno. */
int roster_add(struct service *, struct listener *);

/* Remove the listeners that programs have made and that have no socket. */
void roster_tidy(struct service *);

#endif
