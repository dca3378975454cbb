/* SPDX-License-Identifier: ISC */
/*
 * A connection to the control socket, and the one call that is under way on it:
 * what the call asks for, and the reply.  This module knows no method.
 */
#ifndef CONTROL_CALL_H
#define CONTROL_CALL_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "core/chronicle.h"

/*
 * Why a call fails that asks for an outcome which could not be kept: for want
 * of memory, or because the disk was full when the supervisor was killed.
 */
#define CALL_FORGOTTEN                                                         \
	"the rollout has ended, but how is not known: there was no memory or " \
	"no space on the disk to keep it; `hotswap status` says what serves"

struct call;
struct service;

struct call_events {
	/*
	 * A whole call has arrived; method is the method's whole name,
	 * borrowed.
	 */
	void (*arrived)(struct call *, const char *method, void *arg);
	/* The connection ends, whichever side ends it. */
	void (*gone)(void *arg);
};

/*
 * A peer of this user has connected by sock, which is *stolen* in every case
 * and does not block.  The peer may call from now on; a connection without a
 * call under way is ended after a time of silence.  events is borrowed for as
 * long as the call lives.  *New*; NULL if there is no memory.
 */
struct call *call_new(struct service *, int sock, uid_t,
    const struct call_events *events, void *arg);

/* End the connection, and with it the call that is under way. */
void call_free(struct call *);

bool call_is_under_way(const struct call *);

/* Send what is queued for the peer, without waiting for it. */
void call_flush(struct call *);

/* Is this user root or the supervisor's own user? */
bool call_is_of_owner(uid_t);

/* What a method needs of its call. */
struct service *call_service(const struct call *);
const json_t *call_parameters(const struct call *); /* borrowed */
bool call_wants_more(const struct call *);

/*
 * Reply; *steals* parameters.  Without continues this ends the call, which must
 * not be used any more.
 */
void call_reply(struct call *, json_t *parameters, bool continues);

/*
 * Reply with an error of our interface, or of the whole name; this ends the
 * call.
 */
void call_error(struct call *, const char *name, json_t *parameters);

/* Reply with an error that has one parameter, `message`; this ends the call. */
void call_fail(struct call *, const char *name, const char *message);

/* The process that has connected; 0 if it is not known. */
pid_t call_pid(const struct call *);

/* The peer's user, for the chronicle of a rollout. */
struct asker call_asker(const struct call *);

/* Is the peer root or our own user, not only in --control-group? */
bool call_is_owner(const struct call *);

/*
 * The method returns without a reply and will reply later.  ended is called
 * once, when the call has ended or the peer has disconnected.
 */
void call_keep(struct call *, void (*ended)(void *arg), void *arg);

#endif
