/* SPDX-License-Identifier: ISC */
/*
 * The stop of a program: first the graceful signal, later SIGTERM and SIGKILL,
 * until no process of its tree is left.  It never blocks, and always reports
 * the end.
 */
#ifndef PROCESS_STOPPING_H
#define PROCESS_STOPPING_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

struct main_process;
struct stopping;
struct tree;

/* No process is left, or SIGKILL did not help.  May call stopping_free. */
typedef void stopping_fn(void *arg);

/*
 * At first nothing is being stopped.  The tree and its main process are
 * borrowed for as long as this lives.  *New*; NULL with errno.
 */
struct stopping *stopping_new(struct event_base *, struct tree *,
    struct main_process *, stopping_fn *stopped, void *arg);
void stopping_free(struct stopping *);

/*
 * Send signal to the main process; after timeout_ms send SIGTERM to all, unless
 * signal was SIGTERM, then SIGKILL.  stopped is called later in any case.  If a
 * stop is under way, the shorter of the two times counts.
 */
void stopping_begin(struct stopping *, int signal, unsigned int timeout_ms);

/* EXTEND_TIMEOUT_USEC: prolong the first phase, in which signal was sent. */
void stopping_extend(struct stopping *, int64_t usec);

/* The main process has just ended: check now whether any process is left. */
void stopping_look(struct stopping *);

bool stopping_is_under_way(const struct stopping *);

#endif
