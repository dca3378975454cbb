/* SPDX-License-Identifier: ISC */
/*
 * Signals to the supervisor, with nginx's meanings; the table is in signals.c
 * and in hotswap(1).  A hang-up and a change of size that the terminal itself
 * signals mean nothing.
 */
#ifndef CONTROL_SIGNALS_H
#define CONTROL_SIGNALS_H

#include <stdbool.h>
#include <sys/types.h>

struct service;
struct signals;

/* Block the signals and take them through the loop.  *New*; NULL with errno. */
struct signals *signals_new(struct service *);

/* The signals stay blocked, as we are about to end.  NULL is allowed. */
void signals_free(struct signals *);

/* Send the signals that are pending to another process. */
void signals_hand_on(pid_t);

#endif
