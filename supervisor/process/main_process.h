/* SPDX-License-Identifier: ISC */
/*
 * Which process of a program is its main process: the one that was started, the
 * one that a program leaves behind when it daemonises, or the one that MAINPID=
 * names.  This module watches it and reports its end.  A program's message must
 * never make a process of somebody else the main process.
 */
#ifndef PROCESS_MAIN_PROCESS_H
#define PROCESS_MAIN_PROCESS_H

#include <event2/event.h>
#include <stdbool.h>
#include <sys/types.h>

#include "process/reaper.h"

struct main_process;
struct notify_message;
struct tree;

struct main_process_events {
	/* It has ended; its status is as in process/watched.h. */
	reaper_fn *ended;
	/* MAINPID= has made another process the main process. */
	void (*followed)(void *arg);
	/*
	 * Does this child of ours belong to the program?  Nothing else is known
	 * of it, and nobody watches it.
	 */
	bool (*owns)(pid_t, void *arg);
};

/*
 * At first there is no main process.  The tree, of all processes of the
 * program, and events are borrowed for as long as this lives.  *New*; NULL with
 * errno.
 */
struct main_process *main_process_new(struct event_base *, struct tree *,
    const struct main_process_events *events, void *arg);
void main_process_free(struct main_process *);

/*
 * Make this process the main process.  -1 with errno: ESRCH if it does not
 * exist, EINVAL if it is we or above us.
 */
int main_process_set(struct main_process *, pid_t);

/*
 * Restore the main process of a predecessor, by its PID and by its start as
 * proc_start_time returns it.  If it has ended, ended is called later.  PID 0
 * means that the predecessor had no time to note it: the oldest process of the
 * tree is the main process then, if there is any.
 */
void main_process_restore(
    struct main_process *, pid_t, unsigned long long start);

enum daemon_found {
	DAEMON_NONE,
	DAEMON_FOUND,	/* it is the main process now */
	DAEMON_NOT_YET, /* look again soon: others are ending */
};

/*
 * The main process ended with this wait status, and there is no other: has it
 * left a process behind that becomes the main process?
 */
enum daemon_found main_process_find_daemon(struct main_process *, int status);

/* Take a message with MAINPID=; its effect may come later. */
void main_process_claim(struct main_process *, const struct notify_message *);

/* Drop a claim of MAINPID= that has not been examined yet. */
void main_process_forget_claim(struct main_process *);

/* From here on there is no main process; ended is not called. */
void main_process_forget(struct main_process *);

/* 0 if there is no main process. */
pid_t main_process_pid(const struct main_process *);

/* Its start, for main_process_restore; 0 if it is not known. */
unsigned long long main_process_start(const struct main_process *);

/* -1 with errno; ESRCH if there is no main process. */
int main_process_signal(struct main_process *, int signal);

#endif
