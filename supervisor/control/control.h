/* SPDX-License-Identifier: ISC */
/*
 * The control socket: who may connect, what a peer may cost us, and calls
 * and replies on each connection in turn.  What the calls do is in
 * control/methods.c.
 */
#ifndef CONTROL_CONTROL_H
#define CONTROL_CONTROL_H

#include <jansson.h>
#include <stdbool.h>

struct call;
struct control;
struct service;

/* Carry out a call of a method by its whole name, control/methods.h. */
typedef void control_method(struct call *, const char *method);

/*
 * Listen at path, which must be ours alone; group, unless NULL, may use it
 * too.  fd, *stolen*, is the socket of a predecessor that listens there, or
 * -1.  *New*; NULL with errno.
 */
struct control *control_new(struct service *, const char *path,
    const char *group, int fd, control_method *carry_out);

/* The listening socket, *borrowed*: to be held for a successor. */
int control_fd(const struct control *);

/* Send what is still to be sent, as far as it goes. */
void control_flush(struct control *);

/* Send what is still to be sent, as far as it goes; close, unlink. */
void control_free(struct control *);

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
