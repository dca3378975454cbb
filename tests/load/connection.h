/* SPDX-License-Identifier: ISC */
/*
 * One connection of the load client: it is opened, a request is sent, the
 * answer is received and judged.  It knows nothing of time and of kinds of
 * traffic.
 */
#ifndef LOAD_CONNECTION_H
#define LOAD_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "options.h"
#include "reply.h"
#include "tally.h"

#define CONNECTION_PENDING (-1) /* no outcome yet */

enum connection_state {
	CONNECTION_CLOSED,
	CONNECTION_BLOCKED, /* a Unix socket's queue is full: retry */
	CONNECTION_CONNECTING,
	CONNECTION_SENDING,
	CONNECTION_RECEIVING,
	CONNECTION_IDLE, /* open; an answer was received */
};

struct connection {
	int fd; /* -1: none */
	enum connection_state state;
	bool reused; /* it has had an answer before */
	unsigned int source;
	const char *request; /* borrowed */
	size_t len;
	bool greeting;	  /* --greet comes first, and is under way */
	const char *data; /* what is being sent, borrowed */
	size_t left;	  /* of it */
	struct reply reply;
	char detail[TALLY_DETAIL]; /* why it failed */
};

/*
 * Send a request (borrowed until the outcome), on a new connection if this one
 * is closed or blocked.  The descriptor joins epoll with data.  Returns an enum
 * outcome or CONNECTION_PENDING.
 */
int connection_send(struct connection *, const struct options *, int epoll,
    void *data, const char *request, size_t len);

/* Continue after an event, with a request under way.  Returns as above. */
int connection_event(
    struct connection *, const struct options *, int epoll, void *data);

/* An event without a request under way: how has the server closed it? */
enum reconnect connection_lost(struct connection *);

/*
 * Close the connection.  answered: its answer is complete.  Then TCP forgets it
 * at once, by a reset: an orderly close by the client would leave its port in
 * TIME_WAIT for a minute, and 28,000 ports last ten seconds at 3,000
 * connections a second.  Without a complete answer the close is orderly, so
 * that we never cause a reset.
 */
void connection_close(struct connection *, bool answered);

#endif
