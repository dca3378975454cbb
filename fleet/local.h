/* SPDX-License-Identifier: ISC */
/*
 * The service of this host: its supervisor is asked by the control socket,
 * hotswap-protocol(7), with an id, so that a call that is made again is the
 * same call.
 */
#ifndef FLEET_LOCAL_H
#define FLEET_LOCAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fleet/records.h"

enum local_state {
	LOCAL_UNKNOWN, /* no such call was made, or it was refused */
	LOCAL_RUNNING,
	LOCAL_PROMOTED,
	LOCAL_FAILED,
	LOCAL_REFUSED, /* nothing was begun */
	LOCAL_AWAY,    /* no supervisor answers */
};

struct local_outcome {
	enum local_state state;
	int64_t from; /* the generation before */
	char reason[RECORDS_TEXT];
};

/* What became of the call with this id? */
void local_find(
    const char *service, const char *id, struct local_outcome *outcome);

/*
 * Begin a call, or join it, and wait for its outcome for at most ms; then the
 * state is LOCAL_RUNNING.  exe is absolute.
 */
void local_upgrade(const char *service, const char *id, const char *exe,
    int64_t ms, struct local_outcome *);
void local_rollback(const char *service, const char *id, int64_t generation,
    int64_t ms, struct local_outcome *);

/* Whether a generation of the service gets connections. */
bool local_serves(const char *service);

#endif
