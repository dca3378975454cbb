/* SPDX-License-Identifier: ISC */
/*
 * Answers the calls by which a program would steer connections, so that the
 * supervisor's steering stays in force.
 */
#include "generation/own_steering.h"

#include <sys/socket.h>

#include "base/log.h"
#include "core/generation.h"
#include "core/service.h"
#include "core/state.h"
#include "generation/roster.h"
#include "process/intercept.h"

/*
 * A program that clears SO_REUSEPORT does not want to steer: servers set every
 * option as their configuration says.
 */
static bool
is_steering(const struct intercept_call *call)
{
	return call->option != SO_REUSEPORT;
}

static void
note(struct generation *generation)
{
	if (generation->steers)
		return;
	generation->steers = true;
	log_warn(
	    "generation %u: its program attaches or detaches a BPF program "
	    "at its SO_REUSEPORT group (socket(7)), to choose which of its "
	    "sockets gets a connection; the call succeeds without effect, "
	    "and hotswap goes on to choose",
	    generation->number);
	state_changed(generation->service);
}

void
own_steering_decide(struct generation *generation, struct intercept_call *call)
{
	const struct listener *listener = roster_with_socket(
	    generation->service, generation->number, call->fd);

	if (listener == NULL ||
	    listener_steering(listener) != STEERING_REUSEPORT) {
		intercept_pass(call);
		return;
	}
	if (is_steering(call))
		note(generation);
	intercept_done(call, 0);
}
