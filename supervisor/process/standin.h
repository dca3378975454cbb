/* SPDX-License-Identifier: ISC */
/*
 * A stand-in: a process that only reports which signals it is sent.  Its PID is
 * for scripts that would signal a program which does not know the meaning of
 * these signals.
 */
#ifndef PROCESS_STANDIN_H
#define PROCESS_STANDIN_H

#include <event2/event.h>
#include <sys/types.h>

struct standin;

/* Called from the loop, once for each signal; may free the stand-in. */
typedef void standin_fn(int signal, void *arg);

/*
 * Start a stand-in.  It reports every signal that can be blocked, and ends when
 * we end.  Needs reaper_init.  *New*; NULL with errno.
 */
struct standin *standin_new(struct event_base *, standin_fn *, void *arg);

/* End the stand-in; NULL is allowed. */
void standin_free(struct standin *);

/* 0 if somebody else has ended it. */
pid_t standin_pid(const struct standin *);

#endif
