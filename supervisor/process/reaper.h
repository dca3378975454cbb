/* SPDX-License-Identifier: ISC */
/*
 * The end of child processes.  One SIGCHLD handler reaps all and tells who
 * asked; orphans that come to us as a child subreaper, prctl(2), are told to
 * one function.  Nothing else in the supervisor may wait for a child.
 */
#ifndef PROCESS_REAPER_H
#define PROCESS_REAPER_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define REAPER_DESCRIBE 64 /* room for any description */
#define REAPER_UNKNOWN	-1 /* a status: it is gone, nobody knows how */

/* status is as wait(2) gives it. */
typedef void reaper_fn(pid_t, int status, void *arg);

/*
 * Become a subreaper and watch SIGCHLD.  Whatever nobody watches is told to
 * orphan, which may be NULL.  Children that ended before are told in the
 * loop's first turn.  -1 with errno.
 */
int reaper_init(struct event_base *, reaper_fn *orphan, void *arg);
void reaper_fini(void);

/*
 * Call fn once when pid, a child of ours, has ended; with NULL nobody is
 * told.  Takes the place of an earlier watch of that pid.  Children are
 * reaped by the loop alone, so none is missed that is watched in the same
 * callback in which it was forked, even if it has ended by then.  fn may
 * watch and forget.  -1 with ENOMEM, never where a watch takes another's
 * place.
 */
int reaper_watch(pid_t, reaper_fn *, void *arg);

/*
 * Somebody else, the keeper, has reaped this process: tell who watches it.
 * One that nobody watches is no affair of ours.
 */
void reaper_told(pid_t, int status);

/* Is there a keeper, our parent, that does so? */
void reaper_set_keeper(bool);
bool reaper_has_keeper(void);

/* Does somebody watch it? */
bool reaper_watches(pid_t);

/* Its end will be told to orphan.  It need not be watched. */
void reaper_forget(pid_t);

/* `exited with status 1`, `killed by SIGSEGV (core dumped)`. */
void reaper_describe(int status, char *buf, size_t size);

#endif
