/* SPDX-License-Identifier: ISC */
/*
 * The course of a rollout as a table: state x event -> action, next state.
 * Pure: no system call, no clock, no allocation.  Who carries the actions
 * out is core/release.c; the manual's section and the tests are written
 * from this table.
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
	ROLLOUT_SHIFTING,  /* has a part of the traffic */
	ROLLOUT_BAKING,	   /* has all of it; the old one stands by */
	ROLLOUT_STOPPING,  /* exclusive: the old one ends first */
	ROLLOUT_RESTORING, /* exclusive: the old one is started again */
	ROLLOUT_STATES
};

enum rollout_event {
	EVENT_BEGIN,	  /* a new image shall be rolled out */
	EVENT_BEGIN_WARM, /* a parked generation shall take over again */
	EVENT_RESOLVED,	  /* the image is there and its check passed */
	EVENT_RESOLVED_EXCLUSIVE, /* likewise, with --strategy exclusive */
	EVENT_VACATED,		  /* no other generation runs any more */
	EVENT_FAILED,		  /* no image, or it could not be started */
	EVENT_READY,
	EVENT_EXITED,  /* the candidate ended by itself */
	EVENT_HEALTHY, /* enough passes in a row */
	EVENT_SICK,    /* enough failures in a row */
	EVENT_EXPIRED, /* --start-timeout passed */
	EVENT_HELD,    /* the share was held for its time */
	EVENT_BAKED,   /* the bake time passed */
	EVENT_PROMOTE, /* somebody asked */
	EVENT_ABORT,   /* somebody asked */
	EVENT_SPLIT,   /* somebody asked for a share: rollout_split */
	ROLLOUT_EVENTS
};

enum rollout_action {
	ACTION_REFUSE, /* the event has no place in this state */
	ACTION_RESOLVE,
	ACTION_START,
	ACTION_CHECK,
	ACTION_SHIFT,	  /* to rollout.share */
	ACTION_HOLD,	  /* to rollout.share, and stay there */
	ACTION_PROMOTE,	  /* the candidate is active from now on */
	ACTION_TAKE_BACK, /* all traffic to the old one, the candidate stops */
	ACTION_GIVE_UP,	  /* there is no candidate yet: nothing but to say so */
	ACTION_VACATE,	  /* new connections wait, the old one stops */
	ACTION_RESTORE,	  /* the candidate stops, the old one shall come back */
	ACTION_REVIVE,	  /* start the old one again */
	ACTION_RESTORED,  /* it is back */
	ACTION_LOST,	  /* it did not come back in time */
};

struct rollout {
	enum rollout_state state;
	/* Shares on the way to 100 %, borrowed; none: straight to 100. */
	const unsigned int *steps;
	size_t nsteps;
	size_t step;
	unsigned int share; /* of the candidate, in percent */
	bool met_users;	    /* it ever had a share */
	bool alone;	    /* the old one has ended for it */
};

/*
 * Take an event: changes the state and returns what is to be done.  An
 * ACTION_REFUSE changes nothing.  ACTION_SHIFT has set share; at 100 the
 * state is ROLLOUT_BAKING.  A candidate that is alone has no steps, and where
 * others are taken back, for it the old one is restored.
 */
enum rollout_action rollout_take(struct rollout *, enum rollout_event);

/*
 * Take EVENT_SPLIT: the candidate's share is this, 0 to 100, until somebody
 * asks for another, for its promotion or for its end.
 */
enum rollout_action rollout_split(struct rollout *, unsigned int percent);

/* `idle`, `resolving`, … as status --json says it. */
const char *rollout_state_name(enum rollout_state);

/* The phase that history speaks of: `resolve`, `start`, …; idle has none. */
const char *rollout_phase_name(enum rollout_state);

#endif
