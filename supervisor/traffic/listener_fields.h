/* SPDX-License-Identifier: ISC */
/*
 * The members of a listener.  For listener.c and listener_state.c only.
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
	void *state;	   /* of the way */
	struct plan *plan; /* NULL: no plan yet */

	struct entries sockets;
	unsigned int changing; /* functions under way that change it */
	json_t *saved;	       /* since the last change; NULL: not saved */
};

/* As listener_new; passed is for a socket that somebody else has made. */
struct listener *listener_alloc(
    const char *name, const struct address *, int backlog, bool passed);

#endif
