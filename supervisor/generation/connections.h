/* SPDX-License-Identifier: ISC */
/*
 * The open connections of a generation: counted from outside, at the addresses
 * of the service, by the sockets that its processes have.
 */
#ifndef GENERATION_CONNECTIONS_H
#define GENERATION_CONNECTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "traffic/idle.h"

struct generation;

/*
 * How many there are, flows of UDP as well; -1 if they cannot be counted.
 * handshakes, unless it is NULL: how many handshakes are not complete whose
 * connections may be for this generation.  Nothing tells for which they are.
 */
int connections_count(struct generation *, int *handshakes);

/* The idle ones, as idle_find; NULL with errno. */
struct idle_connection *connections_idle(
    struct generation *, struct idle_memory *, size_t *found);

#endif
