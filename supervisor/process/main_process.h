/* SPDX-License-Identifier: ISC */
/*
 * Which process of a program is its main one: the process that was started,
 * the one that a program leaves behind when it daemonises, or the one that
 * MAINPID= names.  Watches it and tells its end.  What a program says must
 * never make another's process the main one.
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
	/* It has ended; its status as in process/watched.h. */
	reaper_fn *ended;
	/* Another one is it, as MAINPID= asked for. */
	void (*followed)(void *arg);
	/*
	 * Does a child of ours, of which nothing else is known and that nobody
	 * watches, belong to the program?
	 */
	bool (*owns)(pid_t, void *arg);
};

/*
 * There is none yet.  The tree, of all processes of the program, and events
 * are borrowed for good.  *New*; NULL with errno.
 */
struct main_process *main_process_new(struct event_base *, struct tree *,
    const struct main_process_events *events, void *arg);
void main_process_free(struct main_process *);

/*
 * It is this one from now on.  -1 with errno: ESRCH if there is none, EINVAL
 * if it is ourselves or above us.
 */
int main_process_set(struct main_process *, pid_t);

/*
 * The one that a predecessor knew, by its PID and the time of tree_start_time:
 * where that has ended, ended is called later.  With PID 0 the predecessor had
 * no time to note one down, and the oldest process of the tree is it, if there
 * is any.
 */
void main_process_restore(
    struct main_process *, pid_t, unsigned long long start);

enum daemon_found {
	DAEMON_NONE,
	DAEMON_FOUND,	/* it is the main process from now on */
	DAEMON_NOT_YET, /* look again soon: others are just ending */
};

/*
 * None is left, since the last one ended with this wait status: has it left
 * another one behind to be the main process?
 */
enum daemon_found main_process_find_daemon(struct main_process *, int status);

/* A message with MAINPID=; what comes of it may be told later. */
void main_process_claim(struct main_process *, const struct notify_message *);

/* What MAINPID= said and nobody has looked into counts no more. */
void main_process_forget_claim(struct main_process *);

/* 0: there is none. */
pid_t main_process_pid(const struct main_process *);

/* -1 with errno; ESRCH if there is none. */
int main_process_signal(struct main_process *, int signal);

#endif
