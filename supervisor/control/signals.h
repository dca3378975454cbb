/* SPDX-License-Identifier: ISC */
/*
 * Signals to the supervisor, with the meanings that nginx's have; the table
 * is in signals.c and in hotswap(1).  A terminal's own signals, its hang-up
 * and its change of size, mean nothing.
 */
#ifndef CONTROL_SIGNALS_H
#define CONTROL_SIGNALS_H

#include <stdbool.h>
#include <sys/types.h>

struct service;
struct signals;

/* Block them and take them through the loop.  *New*; NULL with errno. */
struct signals *signals_new(struct service *);

/* They stay blocked: we are about to end.  NULL is fine. */
void signals_free(struct signals *);

/* Those that have come and were not looked at yet go to another process. */
void signals_hand_on(pid_t);

#endif
