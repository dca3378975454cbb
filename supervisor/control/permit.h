/* SPDX-License-Identifier: ISC */
/*
 * What a member of --control-group may ask of us.  It may replace the program
 * by what stands under the same command line, take that back, and look;
 * nothing by which a command is run as somebody else, or another program.
 */
#ifndef CONTROL_PERMIT_H
#define CONTROL_PERMIT_H

#include <stdbool.h>

struct call;

/*
 * Each is true where the peer is root or our own user, or may do so as a
 * member; else it has replied NotPermitted, and the call must not be used any
 * more.
 */

/* what: `stop the service`, behind `may not`. */
bool permit_owner(struct call *, const char *what);

/* An upgrade with the parameters of this call. */
bool permit_upgrade(struct call *);

/* Signals that servers take for a request and go on serving. */
bool permit_signal(struct call *, int signal);

#endif
