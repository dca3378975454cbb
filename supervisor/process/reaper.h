/* SPDX-License-Identifier: ISC */
/*
 * The end of child processes.  One SIGCHLD handler reaps all and tells who
 * asked; orphans that come to us as a child subreaper, prctl(2), are told to
 * one function.
 */
#ifndef PROCESS_REAPER_H
#define PROCESS_REAPER_H

#include <event2/event.h>
#include <sys/types.h>

/* status is as wait(2) gives it. */
typedef void reaper_fn(pid_t, int status, void *arg);

/* Become a subreaper and watch SIGCHLD.  -1 with errno. */
int reaper_init(struct event_base *, reaper_fn *orphan, void *arg);
void reaper_fini(void);

/* Call fn once when pid, a child of ours, has ended.  -1 with ENOMEM. */
int reaper_watch(pid_t, reaper_fn *, void *arg);
void reaper_forget(pid_t);

/* `exited with status 1`, `killed by SIGSEGV (core dumped)`. */
void reaper_describe(int status, char *buf, size_t size);

#endif
