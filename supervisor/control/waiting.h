/* SPDX-License-Identifier: ISC */
/*
 * Calls that last: until a rollout has ended, until a condition holds, or as
 * long as the peer wants to get events.
 */
#ifndef CONTROL_WAITING_H
#define CONTROL_WAITING_H

struct call;

enum wait_condition {
	WAIT_READY,   /* a generation is active */
	WAIT_IDLE,    /* and no rollout is under way */
	WAIT_DRAINED, /* and nothing but the active generation is left */
	WAIT_STOPPED, /* nothing is left at all */
};

/*
 * Find `ready`, `idle` or `drained`, which a user may wait for; -1 if name is
 * none of them.
 */
int wait_find(const char *name, enum wait_condition *);

/*
 * From now on the call gets the events, if it wants more than one reply; the
 * outcome of a rollout ends the call.  -1 with errno.
 */
int wait_for_outcome(struct call *);

/*
 * The call gets the events, if it wants more than one reply; the failure of the
 * reexec under way ends the call.  -1 with errno.
 */
int wait_for_reexec(struct call *);

/* The call gets every event.  -1 with errno. */
int wait_for_events(struct call *);

/* Reply when the condition holds, which may be at once.  -1 with errno. */
int wait_for_condition(struct call *, enum wait_condition);

#endif
