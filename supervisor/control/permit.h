/* SPDX-License-Identifier: ISC */
/*
 * What a member of --control-group may ask of us.  A member may upgrade to what
 * is now under the same command line, roll that back, and look; a member may
 * not run another program, or a command as another user.
 */
#ifndef CONTROL_PERMIT_H
#define CONTROL_PERMIT_H

#include <stdbool.h>

struct call;

/*
 * Each function returns true if the peer is root or our own user, or may do
 * this as a member.  Else it has replied NotPermitted, and the call must not be
 * used any more.
 */

/* Nothing is permitted to members; what is, for example, `stop the service`. */
bool permit_owner(struct call *, const char *what);

/* An upgrade with the parameters of this call. */
bool permit_upgrade(struct call *);

/* Members may send the signals that servers take as requests and survive. */
bool permit_signal(struct call *, int signal);

#endif
