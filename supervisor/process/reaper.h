/* SPDX-License-Identifier: ISC */
/*
 * The end of child processes.  All children are reaped here, at SIGCHLD or when
 * a pidfd tells an end, and their watchers are called; the end of orphans that
 * come to us as a child subreaper, prctl(2), goes to one function.  Nothing
 * else in the supervisor may wait for a child.
 */
#ifndef PROCESS_REAPER_H
#define PROCESS_REAPER_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define REAPER_DESCRIBE 64 /* room for any description */
#define REAPER_UNKNOWN	-1 /* as a status: nobody knows how it ended */

/* status is as wait(2) returns it. */
typedef void reaper_fn(pid_t, int status, void *arg);

/*
 * Become a subreaper and handle SIGCHLD.  orphan, which may be NULL, is called
 * for children that nobody watches.  Children that ended before are reported in
 * the loop's first turn.  -1 with errno.
 */
int reaper_init(struct event_base *, reaper_fn *orphan, void *arg);
void reaper_fini(void);

/*
 * Call fn once when pid, a child of ours, has ended; NULL: call nobody.  Its
 * status is REAPER_UNKNOWN if waitpid(2) goes on failing.  This
 * replaces an earlier watch of pid.  Only the loop reaps children, so a child
 * that is watched in the callback that forked it is never missed.  fn may watch
 * and forget.  -1 with ENOMEM, never if it replaces a watch.
 */
int reaper_watch(pid_t, reaper_fn *, void *arg);

/*
 * The keeper has reaped this process: call its watcher.  Without a watcher
 * nothing is done.
 */
void reaper_told(pid_t, int status);

/* Is our parent a keeper, which reports the children it reaps? */
void reaper_set_keeper(bool);
bool reaper_has_keeper(void);

/* Does anybody watch this process? */
bool reaper_watches(pid_t);

/* End a watch, if there is one: the end goes to orphan then. */
void reaper_forget(pid_t);

/* `exited with status 1`, `killed by SIGSEGV (core dumped)`. */
void reaper_describe(int status, char *buf, size_t size);

#endif
