/* SPDX-License-Identifier: ISC */
/*
 * The keeper's parts to each other: keeper.c, which has the loop,
 * keeper_hear.c, which understands what the supervisor says, and
 * keeper_program.c, which starts the supervisor.  For nobody else.
 */
#ifndef KEEP_KEEPER_PARTS_H
#define KEEP_KEEPER_PARTS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "keep/depot.h"
#include "keep/legacy.h"

/* Names of what a keeper leaves to itself. */
#define KEEPER_LEGACY	      "keeper.legacy"
#define KEEPER_LEGACY_CHANNEL "keeper.channel"

struct keeper {
	struct legacy legacy;
	struct depot depot;
	sigset_t signals;
	int signal_fd;
	int channel; /* to the supervisor */
	bool ended;
	int status;
	int64_t started_ms;
	int64_t next_ms;  /* when to start it again; 0: not to */
	int64_t trial_ms; /* when its trial has failed; 0: it has none */
	unsigned int failures;
	unsigned int short_lives;
	int previous;	  /* program, while the new one is on trial; or -1 */
	bool replacing;	  /* the supervisor is about to end for it */
	bool renewing;	  /* we are to become that program as well */
	char setback[64]; /* why the trial failed, for the supervisor */
};

/* One message of the supervisor's, cut into pieces; *steals* descriptors. */
void keeper_hear(struct keeper *, char *text, int *fds, size_t n);

/* What was asked for meanwhile, once the supervisor is ready for it. */
void keeper_pass_signals(struct keeper *);

/* Start the supervisor, and tell it what it must know.  -1 with errno. */
int keeper_start(struct keeper *);

/* It could not be started, or ended before it was ready: try again later. */
void keeper_start_failed(struct keeper *, const char *how);

/* It has ended though nobody asked it to. */
void keeper_start_another(struct keeper *, int status);

void keeper_tell_end(const struct keeper *, const struct legacy_end *);
void keeper_tell_program(const struct keeper *);

/* The program that was stored as the next one takes its turn. */
void keeper_begin_trial(struct keeper *);
void keeper_pass_trial(struct keeper *);

/* It hangs. */
void keeper_expire_trial(struct keeper *);

/*
 * Become the program that the supervisor already is.  Signals stay blocked
 * and pending, and who has ended stays to be waited for.
 */
void keeper_renew(struct keeper *);

/* Is this a signal by which one is asked to stop? */
bool keeper_asks_to_stop(int number);

/* The keeper's own signals, from keeper.c. */
int keeper_open_signals(struct keeper *);

#endif
