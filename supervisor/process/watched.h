/* SPDX-License-Identifier: ISC */
/*
 * A process whose end is to be known, whoever its parent is: ours, which the
 * reaper tells of; the keeper's, which the keeper tells of; or anybody's, as
 * one that daemonised or was adopted, pidfd_open(2).
 */
#ifndef PROCESS_WATCHED_H
#define PROCESS_WATCHED_H

#include <event2/event.h>
#include <sys/types.h>

#include "process/reaper.h"

struct watched;

/* Watches nothing yet; fn hears of the end.  *New*; NULL with errno. */
struct watched *watched_new(struct event_base *, reaper_fn *fn, void *arg);
void watched_free(struct watched *);

/*
 * Watch this process, and no other.  fn gets its wait status, or
 * REAPER_UNKNOWN, and nothing is watched by then.  -1 with errno: ESRCH if
 * there is none.
 */
int watched_set(struct watched *, pid_t);

/* The same for one that ended while nobody watched: its parent may tell. */
void watched_set_ended(struct watched *, pid_t);

/* 0: none. */
pid_t watched_pid(const struct watched *);

/* -1 with errno; ESRCH if none is watched. */
int watched_signal(struct watched *, int signal);

#endif
