/* SPDX-License-Identifier: ISC */
/*
 * What the parts of the keeper share: keeper.c has the loop, keeper_hear.c
 * reads the supervisor's messages, and keeper_program.c starts the supervisor.
 * No other file includes this header.
 */
#ifndef KEEP_KEEPER_PARTS_H
#define KEEP_KEEPER_PARTS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "keep/fdset.h"
#include "keep/legacy.h"

/* Descriptors that a keeper hands over to its own next program. */
#define KEEPER_LEGACY	      "keeper.legacy"
#define KEEPER_LEGACY_CHANNEL "keeper.channel"

struct keeper {
	struct legacy legacy;
	struct fdset fdset;
	sigset_t signals;
	int signal_fd;
	int channel; /* to the supervisor */
	bool ended;
	int status;
	int64_t started_ms;
	int64_t next_ms;  /* next start of the supervisor; 0: none */
	int64_t trial_ms; /* end of the trial; 0: no trial */
	int64_t reap_ms;  /* children are waited for again; 0: at SIGCHLD */
	bool came_up;	  /* a supervisor was ready once */
	unsigned int failures;
	unsigned int short_lives;
	int previous;	  /* old program during a trial; or -1 */
	bool replacing;	  /* the supervisor ends for a new program */
	bool renewing;	  /* the keeper must execute it too */
	char setback[64]; /* why the trial failed, for a message */
};

/* Act on one message, which is modified; *steals* the descriptors. */
void keeper_hear(struct keeper *, char *text, int *fds, size_t n);

/* Send the pending signals, if the supervisor is ready for them. */
void keeper_pass_signals(struct keeper *);

/* Start the supervisor and send it what it must know.  -1 with errno. */
int keeper_start(struct keeper *);

/*
 * The supervisor could not be started, or ended before it was ready: try again
 * later, a limited number of times.
 */
void keeper_start_failed(struct keeper *, const char *how);

/* The supervisor has ended though nobody asked it to. */
void keeper_start_another(struct keeper *, int status);

void keeper_tell_end(const struct keeper *, const struct legacy_end *);
void keeper_tell_program(const struct keeper *);

/*
 * keeper_begin_trial makes KEEPER_NEXT the supervisor's program;
 * keeper_pass_trial is for the moment when that program is ready.
 */
void keeper_begin_trial(struct keeper *);
void keeper_pass_trial(struct keeper *);

/* The new program was not ready in time: kill it. */
void keeper_expire_trial(struct keeper *);

/*
 * Execute the program that the supervisor runs already.  Signals stay blocked
 * and pending, and children that have ended can still be waited for.
 */
void keeper_renew(struct keeper *);

/* Does this signal ask the service to stop? */
bool keeper_asks_to_stop(int number);

/* Open the signalfd(2) of the keeper.  -1 with errno. */
int keeper_open_signals(struct keeper *);

#endif
