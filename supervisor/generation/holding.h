/* SPDX-License-Identifier: ISC */
/*
 * Which of a generation's sockets its program uses: those that it has bound
 * itself, as long as one of its processes has them open.  The supervisor's
 * own duplicate keeps a socket alive that nobody reads from; such a one gets
 * no new connections while others can take them, is given to the process
 * that binds the address next, and is closed if none does for a while.
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

/* The program is about to be started anew: none is in use, all are kept. */
void holdings_reset(struct holdings *);

/* A process has bound this socket, which is the listener's. */
void holdings_use(struct holdings *, struct listener *, int fd, pid_t);

/* One that nobody uses, at this listener; -1 if there is none. */
int holdings_unused(struct holdings *, struct listener *);

/* Has any of these processes any of the generation's sockets? */
bool holding_has(const struct generation *, const pid_t *pids, size_t n);

#endif
