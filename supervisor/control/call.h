/* SPDX-License-Identifier: ISC */
/*
 * A connection to the control socket, and the one call that is under way on
 * it: what the call wants, and the reply.  Knows no method.
 */
#ifndef CONTROL_CALL_H
#define CONTROL_CALL_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

struct call;
struct service;

struct call_events {
	/* A call has arrived whole; method is its whole name, borrowed. */
	void (*arrived)(struct call *, const char *method, void *arg);
	/* The connection ends, whoever ends it. */
	void (*gone)(void *arg);
};

/*
 * A peer of this user has connected by sock, which is *stolen* in every case
 * and does not block.  It may call from now on, and is gone once it is silent
 * for long without a call.  events is borrowed for good.  *New*; NULL if there
 * is no memory.
 */
struct call *call_new(struct service *, int sock, uid_t,
    const struct call_events *events, void *arg);

/* End the connection, with the call that is under way. */
void call_free(struct call *);

bool call_is_under_way(const struct call *);

/* Send what is queued for the peer, without waiting for it. */
void call_flush(struct call *);

/* Is this user root or our own? */
bool call_is_of_owner(uid_t);

/* What a method sees of its call. */
struct service *call_service(const struct call *);
const json_t *call_parameters(const struct call *); /* borrowed */
bool call_wants_more(const struct call *);

/*
 * Reply; *steals* parameters.  Without continues the call has ended and must
 * not be used any more.
 */
void call_reply(struct call *, json_t *parameters, bool continues);

/* Reply with an error of our interface, or a whole name; it has ended. */
void call_error(struct call *, const char *name, json_t *parameters);

/* The same with one parameter `message`. */
void call_fail(struct call *, const char *name, const char *message);

/* The process that has connected; 0: not known. */
pid_t call_pid(const struct call *);

/* Is the peer root or our own user, not only of a group that is let in? */
bool call_is_owner(const struct call *);

/*
 * The method returns without having replied, and will later: ended is called
 * once, when the call has ended or the peer has gone.
 */
void call_keep(struct call *, void (*ended)(void *arg), void *arg);

#endif
