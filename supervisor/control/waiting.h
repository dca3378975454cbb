/* SPDX-License-Identifier: ISC */
/*
 * Calls that last: until a rollout has ended, until a condition holds, or
 * for as long as the peer wants to hear of events.
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

/* `ready`, `idle`, `drained`, as a person may ask for; -1 if it is none. */
int wait_find(const char *name, enum wait_condition *);

/*
 * From here on the call is told events, if it wants more than one reply, and
 * ended by the outcome of a rollout.  -1 with errno.
 */
int wait_for_outcome(struct call *);

/*
 * The call is told events, if it wants more than one reply, and answered once
 * the reexec under way has ended without ending us.  -1 with errno.
 */
int wait_for_reexec(struct call *);

/* The call is told every event.  -1 with errno. */
int wait_for_events(struct call *);

/* Reply as soon as the condition holds, which may be now.  -1 with errno. */
int wait_for_condition(struct call *, enum wait_condition);

#endif
