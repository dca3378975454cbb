/* SPDX-License-Identifier: ISC */
/*
 * Which of a generation's sockets its program uses: those that it has bound
 * itself, as long as a process of it has them open.  The supervisor's duplicate
 * keeps a socket alive that nobody reads from.  Such a socket gets no new
 * connections while others can take them; it is given to the process that binds
 * the address next; and it is closed if no process does so for a while.
 */
#ifndef GENERATION_HOLDING_H
#define GENERATION_HOLDING_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct generation;
struct holdings;
struct listener;

/* *New*; NULL with errno. */
struct holdings *holdings_new(struct generation *);
void holdings_free(struct holdings *);

/* The program is about to be started: no socket is in use, all are kept. */
void holdings_reset(struct holdings *);

/* A process has bound this socket, which is the listener's. */
void holdings_use(struct holdings *, struct listener *, int fd, pid_t);

/* A socket at this listener that nobody uses; -1 if there is none. */
int holdings_unused(struct holdings *, struct listener *);

/*
 * Let go of this socket: it is closed, unless the program has it open.  A
 * listener without any stays in the list until roster_tidy.
 */
void holdings_drop(struct holdings *, struct listener *, int fd);

/*
 * Does a process of the generation have a socket of its own at this listener?
 * One that was passed to the program counts if it is open.
 */
bool holdings_serve(const struct holdings *, const struct listener *);

#endif
