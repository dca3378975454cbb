/* SPDX-License-Identifier: ISC */
/*
 * How many sockets a generation may have of the service.  Each costs us a
 * descriptor, and the keeper one; and so many must be left that the next
 * generation can have as many while the one before is still kept.
 */
#ifndef GENERATION_ALLOTMENT_H
#define GENERATION_ALLOTMENT_H

#include <stdbool.h>
#include <stddef.h>

struct generation;
struct intercept_call;
struct listener;

/*
 * May it have one more at a listener, or, if that is NULL, at an address that
 * is none's yet?  The call is the one that asks for it.
 */
bool allotment_has_room(const struct generation *, const struct listener *,
    const struct intercept_call *call);

/* Why it may not, for people: a clause to be put behind the address. */
void allotment_explain(const struct listener *, char *why, size_t size);

#endif
