/* SPDX-License-Identifier: ISC */
/*
 * The event "drained" in its forms.
 */
#include "generation/drained.h"

#include <stdio.h>
#include <string.h>

#include "core/events.h"
#include "core/service.h"
#include "generation/hangup.h"
#include "process/program.h"

void
drained_tell(struct generation *generation, int connections, int error)
{
	size_t idle = hangup_ended(generation);
	char ended[64] = "";

	if (idle > 0)
		snprintf(
		    ended, sizeof(ended), "; %zu idle ones were ended", idle);
	if (connections > 0)
		events_emit(generation->service, "drained", generation,
		    "stops with %d connections still open after "
		    "--drain-timeout%s",
		    connections, ended);
	else if (connections == 0)
		events_emit(generation->service, "drained", generation,
		    "no connection left%s", ended);
	else
		events_emit(generation->service, "drained", generation,
		    "stops after --drain-timeout: its connections cannot be "
		    "counted: %s%s",
		    strerror(error), ended);
}

bool
drained_is_deserted(struct generation *generation, int queued)
{
	size_t n;

	if (queued <= 0 || program_main(generation->program) != 0 ||
	    program_pids(generation->program, &n) == NULL || n > 0)
		return false;
	events_emit(generation->service, "drained", generation,
	    "none of its processes is left to take the %d connections that "
	    "wait in its queues",
	    queued);
	return true;
}
