/* SPDX-License-Identifier: ISC */
/*
 * How many sockets of the service a generation may have.  Each socket costs us
 * a descriptor, and the keeper another.  Enough must be left for the next
 * generation to have as many while the former one is still kept.
 */
#ifndef GENERATION_ALLOTMENT_H
#define GENERATION_ALLOTMENT_H

#include <stdbool.h>
#include <stddef.h>

struct generation;
struct intercept_call;
struct listener;

/*
 * May the generation have one more socket at a listener, or at an address
 * without a listener (NULL)?  call is the call that asks for the socket.
 */
bool allotment_has_room(const struct generation *, const struct listener *,
    const struct intercept_call *call);

/* Why it may not: a clause for people, to be put behind the address. */
void allotment_explain(const struct listener *, char *why, size_t size);

#endif
