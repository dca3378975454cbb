/* SPDX-License-Identifier: ISC */
/*
 * The stop of a program on request: politely at first, less so later, until
 * no process of its tree is left.  Never blocks, and never forgets to tell
 * its end.
 */
#ifndef PROCESS_STOPPING_H
#define PROCESS_STOPPING_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

struct main_process;
struct stopping;
struct tree;

/* No process is left, or SIGKILL did not help.  It may call stopping_free. */
typedef void stopping_fn(void *arg);

/*
 * Nothing is being stopped yet.  The tree and its main process are borrowed
 * for good.  *New*; NULL with errno.
 */
struct stopping *stopping_new(struct event_base *, struct tree *,
    struct main_process *, stopping_fn *stopped, void *arg);
void stopping_free(struct stopping *);

/*
 * Send signal to the main process; after timeout_ms SIGTERM to all if it was
 * another, then SIGKILL.  stopped is called in any case, later.  While it is
 * under way, the shorter of both times counts.
 */
void stopping_begin(struct stopping *, int signal, unsigned int timeout_ms);

/* EXTEND_TIMEOUT_USEC: it needs more time, and gets it while we are polite. */
void stopping_extend(struct stopping *, int64_t usec);

/* The main process has just ended: see now whether that was all. */
void stopping_look(struct stopping *);

bool stopping_is_under_way(const struct stopping *);

#endif
