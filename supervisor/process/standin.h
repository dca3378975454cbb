/* SPDX-License-Identifier: ISC */
/*
 * A stand-in: a process that does nothing but tell us which signals it is
 * sent.  Its PID can be given to those who would signal a program that does
 * not know the meaning of their signals.
 */
#ifndef PROCESS_STANDIN_H
#define PROCESS_STANDIN_H

#include <event2/event.h>
#include <sys/types.h>

struct standin;

/* Called from the loop, once for each signal; may free the stand-in. */
typedef void standin_fn(int signal, void *arg);

/*
 * Start one.  It tells of every signal that can be blocked, and ends with
 * us.  Needs reaper_init.  *New*; NULL with errno.
 */
struct standin *standin_new(struct event_base *, standin_fn *, void *arg);

/* End it; NULL is fine. */
void standin_free(struct standin *);

/* 0 if it was ended by somebody else. */
pid_t standin_pid(const struct standin *);

#endif
