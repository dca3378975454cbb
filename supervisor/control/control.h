/* SPDX-License-Identifier: ISC */
/*
 * The control socket: who may connect, and how many peers may be connected.
 * The calls on each connection are in control/call.h; what they do is in
 * control/methods.c.
 */
#ifndef CONTROL_CONTROL_H
#define CONTROL_CONTROL_H

struct call;
struct control;
struct service;

/* Carry out the call of a method by its whole name, control/methods.h. */
typedef void control_method(struct call *, const char *method);

/*
 * Listen at path, whose directory must be ours alone; group, unless NULL, may
 * use the socket too.  fd, *stolen*, is a predecessor's socket that listens
 * there, or -1.  *New*; NULL with errno.
 */
struct control *control_new(struct service *, const char *path,
    const char *group, int fd, control_method *carry_out);

/*
 * Listen at the path anew if somebody has removed it; who is connected stays
 * so.  1 if that was done, 0 if the path is there, -1 with errno.
 */
int control_renew(struct control *);

/* The listening socket, *borrowed*, so that it can be held for a successor. */
int control_fd(const struct control *);

/* Send the replies that are queued, as far as that does not block. */
void control_flush(struct control *);

/* Flush, close all connections and the socket, and unlink its path. */
void control_free(struct control *);

#endif
