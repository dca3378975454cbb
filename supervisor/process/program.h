/* SPDX-License-Identifier: ISC */
/*
 * A program that runs: its main process and all that descends from it, from
 * the start, over restarts, to the end of the last process.  Decides nothing
 * but how to stop; whether to start again is the owner's to say.
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
	int signal;		 /* the graceful one, to the main process */
	unsigned int timeout_ms; /* then SIGTERM if it was another, SIGKILL */
};

/* Called from the loop, never from within a call of the owner's. */
struct program_events {
	/* It said READY=1, for the first time since it was started. */
	void (*ready)(void *arg);
	/* It sent any message; ready has been called before. */
	void (*told)(const struct notify_message *, void *arg);
	/* Another process is the main one, as MAINPID= asked for. */
	void (*followed)(void *arg);
	/*
	 * The main process ended without having been asked to; how is
	 * borrowed: `exited with status 1`.  Processes that it left behind
	 * are being stopped.
	 */
	void (*ended)(int status, const char *how, void *arg);
	/*
	 * Does a child of ours of which nothing else is known belong to it?
	 * Asked of those that are left to us when the main process ends well,
	 * as that of a program that daemonises does, and that nobody watches;
	 * never of ourselves or of those above us.
	 */
	bool (*owns)(pid_t, void *arg);
	/*
	 * Its watchdog has failed: how is borrowed.  It has been sent SIGABRT,
	 * and ended will be called, unless it is to stop.
	 */
	void (*hung)(const char *how, void *arg);
	/* After program_stop: no process of it is left. */
	void (*stopped)(void *arg);
};

/*
 * notify_dir is where its notification socket shall be, owned by the origin's
 * user and by gid; the origin, by which its processes are known, is copied;
 * notify_fd, *stolen*, is a predecessor's, or -1; stop is for what a
 * crashed main process leaves behind; events is borrowed for good.  *New*; NULL
 * with errno.
 */
struct program *program_new(struct event_base *, const char *name,
    unsigned int generation, const char *notify_dir, const struct origin *,
    gid_t, int notify_fd, const struct program_stop *,
    const struct program_events *events, void *arg);

/* The notification socket, *borrowed*: to be held for a successor. */
int program_notify_fd(const struct program *);

/* What NOTIFY_SOCKET says, *borrowed*: a path, or `@name`. */
const char *program_notify_path(const struct program *);

/* What a successor must know, *new*. */
json_t *program_save(const struct program *);

/*
 * Take over what runs of it from a predecessor.  A main process that has
 * ended meanwhile, or ends later as the keeper's child, is told as ended; one
 * that the predecessor had no time to note down is found.
 */
void program_restore(struct program *, const json_t *);

/* Forget it; what still runs of it goes on without us. */
void program_free(struct program *);

/*
 * Start it, for the first time or again.  notify_path in spawn is filled in
 * here.  -1 with why.
 */
int program_start(
    struct program *, const struct spawn *, char *why, size_t size);

/*
 * It has been told to say WATCHDOG=1 so often, as spawn says, and has start_ms
 * until it must.  To be called once it is started; process/watchdog.h.
 */
void program_watch(
    struct program *, unsigned int period_ms, unsigned int start_ms);

/* It is ready by another sign than READY=1, or serves again. */
void program_watch_on(struct program *);

/* It may be silent, since it is parked or about to be stopped. */
void program_watch_off(struct program *);

/* Milliseconds; 0: nothing is expected of it. */
unsigned int program_watchdog(const struct program *);

/*
 * Stop it and all its processes.  stopped is called in any case, later.
 * Asked again while it is stopping, the shorter of both times counts.
 */
void program_stop(struct program *, const struct program_stop *);

/* To the main process.  -1 with errno; ESRCH if none runs. */
int program_signal(struct program *, int signal);

/* The main process; 0 if none runs. */
pid_t program_main(const struct program *);

/* All its processes, borrowed until the next call. */
const pid_t *program_pids(struct program *, size_t *n);

/*
 * Of the last look: processes that are our children, and of which nothing
 * says whose they are.  *New*, *n may be 0; NULL with errno.
 */
pid_t *program_strays(const struct program *, size_t *n);

bool program_is_ready(const struct program *);

/* What it last said with STATUS=, "" if nothing; borrowed. */
const char *program_status(const struct program *);

#endif
