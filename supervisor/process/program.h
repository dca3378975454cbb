/* SPDX-License-Identifier: ISC */
/*
 * A program that runs: its main process and all its descendants, from the
 * start, over restarts, to the end of the last process.  It decides only how to
 * stop; the owner decides whether to start it again.
 */
#ifndef PROCESS_PROGRAM_H
#define PROCESS_PROGRAM_H

#include <event2/event.h>
#include <jansson.h>
#include <stdbool.h>

#include "process/notify.h"
#include "process/spawn.h"

struct origin;
struct program;

/* How a program is ended. */
struct program_stop {
	int signal;		 /* to the main process, at first */
	unsigned int timeout_ms; /* then SIGTERM if it was another, SIGKILL */
};

/* Called from the loop, never during a call of the owner's. */
struct program_events {
	/* It has sent READY=1, for the first time since it was started. */
	void (*ready)(void *arg);
	/* It has sent a message; ready is called before told. */
	void (*told)(const struct notify_message *, void *arg);
	/* MAINPID= has made another process the main process. */
	void (*followed)(void *arg);
	/*
	 * The main process has ended, without having been asked to.  how is
	 * borrowed: `exited with status 1`.  Processes that it has left behind
	 * are being stopped.
	 */
	void (*ended)(int status, const char *how, void *arg);
	/*
	 * Does this child of ours belong to the program?  Nothing else is known
	 * of it, and nobody watches it.  Asked when a main process ends with
	 * status 0, as that of a program that daemonises does; never about us
	 * or a process above us.
	 */
	bool (*owns)(pid_t, void *arg);
	/*
	 * Its watchdog has failed; how is borrowed.  It has been sent SIGABRT,
	 * and ended will be called unless the program is to stop.
	 */
	void (*hung)(const char *how, void *arg);
	/* After program_stop: no process of the program is left. */
	void (*stopped)(void *arg);
};

/*
 * notify_dir is the directory of the notification socket, which is owned by the
 * origin's user and by gid.  The program's processes are known by the origin,
 * which is copied.  notify_fd, *stolen*, is a predecessor's socket, or -1.
 * stop is for processes that a crashed main process leaves behind.  events is
 * borrowed as long as the program lives.  *New*; NULL with errno.
 */
struct program *program_new(struct event_base *, const char *name,
    unsigned int generation, const char *notify_dir, const struct origin *,
    gid_t, int notify_fd, const struct program_stop *,
    const struct program_events *events, void *arg);

/* The notification socket, *borrowed*, to be held for a successor. */
int program_notify_fd(const struct program *);

/*
 * Make the notification socket anew, at its path, which has gone; gid owns it.
 * -1 with errno: then the old one stays.
 */
int program_renew_notify(struct program *, gid_t);

/* The value of NOTIFY_SOCKET, *borrowed*: a path, or `@name`. */
const char *program_notify_path(const struct program *);

/* Save what a successor must know, *new*. */
json_t *program_save(const struct program *);

/*
 * Take over the processes of a predecessor's program.  If the main process has
 * ended meanwhile, or ends later as a child of the keeper, ended is called.  A
 * main process that the predecessor had no time to note is found.
 */
void program_restore(struct program *, const json_t *);

/* Release it; its processes go on without us. */
void program_free(struct program *);

/*
 * Start the program, for the first time or again.  This sets notify_path in
 * spawn.  -1 with why, and errno and *of_way as spawn_start.
 */
int program_start(struct program *, const struct spawn *, bool *of_way,
    char *why, size_t size);

/*
 * What else the start needs has failed, after program_start: kill what has been
 * started, and nothing of an earlier run.  ended is not called.
 */
void program_undo_start(struct program *);

/*
 * Expect WATCHDOG=1 in each period, as spawn has told the program; it has
 * start_ms until the first one.  To be called after program_start;
 * process/watchdog.h.
 */
void program_watch(
    struct program *, unsigned int period_ms, unsigned int start_ms);

/* Expect WATCHDOG=1: it is ready without READY=1, or serves again. */
void program_watch_on(struct program *);

/* Expect no WATCHDOG=1: the program is parked or will be stopped. */
void program_watch_off(struct program *);

/* The period of the watchdog in milliseconds; 0: none. */
unsigned int program_watchdog(const struct program *);

/*
 * Stop the program with all its processes.  stopped is called later in any
 * case.  If it is stopping already, the shorter of the two times counts.
 */
void program_stop(struct program *, const struct program_stop *);

/* Signal the main process.  -1 with errno; ESRCH if none runs. */
int program_signal(struct program *, int signal);

/* The PID of the main process; 0 if none runs. */
pid_t program_main(const struct program *);

/* The PIDs of all its processes, borrowed until the next call. */
const pid_t *program_pids(struct program *, size_t *n);

/*
 * As of the last scan: children of ours of which nothing says whose they are.
 * *New*, *n may be 0; NULL with errno.
 */
pid_t *program_strays(const struct program *, size_t *n);

bool program_is_ready(const struct program *);

/* The text of its last STATUS=, "" if there was none; borrowed. */
const char *program_status(const struct program *);

#endif
