/* SPDX-License-Identifier: ISC */
/*
 * UDP servers that have a socket for each client, as DTLS and KCP servers do:
 * a program that has a socket at a UDP listener binds another one there and
 * connects it to the client that has just spoken.  Only that client may reach
 * it, which the kernel sees to; among others it must never be chosen.  Nobody
 * tells that a socket is connected, so each further one is looked at after a
 * moment, and rests until then.  As long as its program has not come to wait
 * for something, as on a busy machine, it may not have come to its connect(2)
 * either: then it is looked at again.
 */
#ifndef GENERATION_SESSIONS_H
#define GENERATION_SESSIONS_H

#include <sys/types.h>

struct generation;
struct holdings;
struct listener;
struct sessions;

/* As holdings_drop. */
typedef void sessions_drop(struct holdings *, struct listener *, int fd);

/* *New*; NULL with errno. */
struct sessions *sessions_new(
    struct generation *, sessions_drop *, struct holdings *);
void sessions_free(struct sessions *);

/* The program is about to be started: all its sockets are chosen again. */
void sessions_reset(struct sessions *);

/*
 * This process has bound one more socket; nothing is done where it is not UDP.
 */
void sessions_add(struct sessions *, struct listener *, int fd, pid_t);

#endif
