/* SPDX-License-Identifier: ISC */
/*
 * A process whose end must be known, whoever its parent is: our child, which
 * the reaper reports; a child of the keeper, which the keeper reports; or any
 * other, which has daemonised or was adopted, pidfd_open(2).
 */
#ifndef PROCESS_WATCHED_H
#define PROCESS_WATCHED_H

#include <event2/event.h>
#include <sys/types.h>

#include "process/reaper.h"

struct watched;

/*
 * At first nothing is watched; fn is called at the end.  *New*; NULL with
 * errno.
 */
struct watched *watched_new(struct event_base *, reaper_fn *fn, void *arg);
void watched_free(struct watched *);

/*
 * Watch this process, and no other.  fn gets its wait status or REAPER_UNKNOWN;
 * nothing is watched any more by then.  -1 with errno: ESRCH if it does not
 * exist.
 */
int watched_set(struct watched *, pid_t);

/* As watched_set, for a process that has ended: its parent may tell how. */
void watched_set_ended(struct watched *, pid_t);

/* Watch nothing: fn is not called. */
void watched_forget(struct watched *);

/* 0 if nothing is watched. */
pid_t watched_pid(const struct watched *);

/* As proc_start_time returns it; 0 if it is not known. */
unsigned long long watched_start(const struct watched *);

/* -1 with errno; ESRCH if nothing is watched. */
int watched_signal(struct watched *, int signal);

#endif
