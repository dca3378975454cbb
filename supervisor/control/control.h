/* SPDX-License-Identifier: ISC */
/*
 * The control socket: who may connect, and which peers find room.  The calls
 * on each connection are in control/call.h; what they do is in
 * control/methods.c.
 */
#ifndef CONTROL_CONTROL_H
#define CONTROL_CONTROL_H

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

#endif
