/* SPDX-License-Identifier: ISC */
/*
 * What a listener consists of.  For listener.c and listener_state.c alone.
 */
#ifndef TRAFFIC_LISTENER_FIELDS_H
#define TRAFFIC_LISTENER_FIELDS_H

#include "traffic/endpoint.h"
#include "traffic/entries.h"
#include "traffic/plan.h"
#include "traffic/way.h"

struct listener {
	char *name;
	struct endpoint at;
	const struct way *way;
	void *state;	   /* the way's */
	struct plan *plan; /* NULL: none yet */

	struct entries sockets;
};

/* As listener_new; passed: for a socket that somebody else has made. */
struct listener *listener_alloc(
    const char *name, const struct address *, int backlog, bool passed);

#endif
