/* SPDX-License-Identifier: ISC */
/*
 * One connection of the load client: opened, a request sent, the answer
 * received and judged.  Knows nothing of clocks and kinds of traffic.
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
	CONNECTION_BLOCKED, /* a Unix socket's queue is full: try again */
	CONNECTION_CONNECTING,
	CONNECTION_SENDING,
	CONNECTION_RECEIVING,
	CONNECTION_IDLE, /* open, an answer was received */
};

struct connection {
	int fd; /* -1: none */
	enum connection_state state;
	bool reused; /* an earlier request was answered on it */
	unsigned int source;
	const char *request; /* borrowed */
	size_t len, sent;
	struct reply reply;
	char detail[TALLY_DETAIL]; /* why it failed */
};

/*
 * Send a request (borrowed until the outcome), on a new connection if it is
 * closed or blocked.  The descriptor joins epoll with data.  Returns an enum
 * outcome or CONNECTION_PENDING.
 */
int connection_send(struct connection *, const struct options *, int epoll,
    void *data, const char *request, size_t len);

/* Go on after an event, with a request under way.  Returns likewise. */
int connection_event(
    struct connection *, const struct options *, int epoll, void *data);

/* An event with no request under way: the server closed it, and how. */
enum reconnect connection_lost(struct connection *);

/*
 * Close it.  answered: its answer has been received whole.  Then TCP is told
 * to forget it at once, by a reset: an orderly close by the client would
 * leave its port in TIME_WAIT for a minute, and at 3,000 connections a
 * second the 28,000 ports last ten seconds.  Without a whole answer it is
 * closed in the orderly way, so that no reset is ever our doing.
 */
void connection_close(struct connection *, bool answered);

#endif
