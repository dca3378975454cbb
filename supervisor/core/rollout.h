/* SPDX-License-Identifier: ISC */
/*
 * The course of a rollout as a table: state x event -> action, next state.
 * Pure: no system call, no clock, no allocation.  rollout/actions.c carries the
 * actions out; the manual's section and the tests are written from this table.
 */
#ifndef CORE_ROLLOUT_H
#define CORE_ROLLOUT_H

#include <stdbool.h>
#include <stddef.h>

enum rollout_state {
	ROLLOUT_IDLE,
	ROLLOUT_RESOLVING, /* the image is looked up, copied and checked */
	ROLLOUT_STARTING,  /* the candidate runs, but is not ready yet */
	ROLLOUT_CHECKING,  /* ready; must pass its health check */
	ROLLOUT_SHIFTING,  /* it gets its share of the traffic */
	ROLLOUT_BAKING,	   /* it gets all; the old one stands by */
	ROLLOUT_STOPPING,  /* exclusive: the old one ends first */
	ROLLOUT_RESTORING, /* exclusive: the old one is started again */
	ROLLOUT_STATES
};

enum rollout_event {
	EVENT_BEGIN,	  /* a new image shall be rolled out */
	EVENT_BEGIN_WARM, /* a parked generation shall take over again */
	EVENT_RESOLVED,	  /* the image is there and --check passed */
	EVENT_RESOLVED_EXCLUSIVE, /* the same, with --strategy exclusive */
	EVENT_VACATED,		  /* no other generation runs any more */
	EVENT_FAILED,		  /* no image, or a later step has failed */
	EVENT_READY,
	EVENT_EXITED,  /* the candidate ended by itself */
	EVENT_HEALTHY, /* enough passes in a row */
	EVENT_SICK,    /* enough failures in a row */
	EVENT_EXPIRED, /* --start-timeout passed */
	EVENT_HELD,    /* the share was held for --step's time */
	EVENT_BAKED,   /* the bake time passed */
	EVENT_PROMOTE, /* somebody asked */
	EVENT_ABORT,   /* somebody asked */
	EVENT_SPLIT,   /* a share was asked for: rollout_split */
	ROLLOUT_EVENTS
};

enum rollout_action {
	ACTION_REFUSE, /* the event is refused in this state */
	ACTION_RESOLVE,
	ACTION_START,
	ACTION_CHECK,
	ACTION_SHIFT,	  /* give it rollout.share */
	ACTION_HOLD,	  /* give it rollout.share, and stay there */
	ACTION_PROMOTE,	  /* the candidate becomes active */
	ACTION_TAKE_BACK, /* all traffic to the old one; stop the candidate */
	ACTION_GIVE_UP,	  /* there is no candidate yet: only report it */
	ACTION_VACATE,	  /* new connections wait, the old one stops */
	ACTION_RESTORE,	  /* stop the candidate; the old one shall come back */
	ACTION_REVIVE,	  /* start the old one again */
	ACTION_RESTORED,  /* the old one is back */
	ACTION_LOST,	  /* the old one did not come back in time */
};

struct rollout {
	enum rollout_state state;
	/* Shares before 100 %, borrowed; none: 100 % at once. */
	const unsigned int *steps;
	size_t nsteps;
	size_t step;
	unsigned int share; /* of the candidate, in percent */
	bool met_users;	    /* the candidate has had a share */
	bool alone;	    /* the old one has ended for the candidate */
};

/*
 * Take an event: changes the state and returns the action.  An ACTION_REFUSE
 * changes nothing.  ACTION_SHIFT has set share; at 100 the state is
 * ROLLOUT_BAKING.  If the candidate is alone, there are no steps, and
 * ACTION_RESTORE takes the place of ACTION_TAKE_BACK.
 */
enum rollout_action rollout_take(struct rollout *, enum rollout_event);

/*
 * Take EVENT_SPLIT: the candidate keeps this share, 0 to 100, until somebody
 * asks for another share, promotes it or aborts the rollout, or it fails.
 */
enum rollout_action rollout_split(struct rollout *, unsigned int percent);

/* The state's name in status --json: `idle`, `resolving`, ... */
const char *rollout_state_name(enum rollout_state);

/* The phase's name in the history: `resolve`, `start`, ...; idle has none. */
const char *rollout_phase_name(enum rollout_state);

#endif
