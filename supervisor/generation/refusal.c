/* SPDX-License-Identifier: ISC */
/*
 * Calls that a wrapped program is refused, or that are left to the kernel: they
 * are reported, with what to do.
 */
#include "generation/refusal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/events.h"
#include "core/service.h"
#include "generation/allotment.h"
#include "generation/latecomers.h"
#include "generation/roster.h"
#include "process/intercept.h"

#define TOLD_MAX 20    /* refusals that become events */
#define TOLD_MS	 10000 /* in this time */

void
refusals_reset(struct refusals *refusals)
{
	refusals->trouble[0] = '\0';
	refusals->hangs = refusals->full = false;
}

/* Report it, unless the program repeats refused calls without end. */
static void
tell_trouble(struct refusals *refusals)
{
	struct generation *generation = refusals->generation;

	if (pace_allows(&refusals->told, TOLD_MAX, TOLD_MS))
		events_emit(generation->service, "refused", generation, "%s",
		    refusals->trouble);
}

void
refusal_say(struct refusals *refusals, struct intercept_call *call,
    const char *fmt, ...)
{
	int error = errno;
	va_list args;

	va_start(args, fmt);
	vsnprintf(refusals->trouble, sizeof(refusals->trouble), fmt, args);
	va_end(args);
	tell_trouble(refusals);
	intercept_done(call, error);
}

/* The listener of --listen that has the address in another form, or NULL. */
static const struct listener *
declared_otherwise(const struct service *service, const struct address *address)
{
	const struct listener *listener;
	size_t i;

	for (i = 0; i < service->nlisteners; i++) {
		listener = service->listeners[i];
		if (roster_is_declared(service, listener) &&
		    !address_equal(listener_address(listener), address) &&
		    address_overlaps(listener_address(listener), address))
			return listener;
	}
	return NULL;
}

void
refusal_address(struct refusals *refusals, struct intercept_call *call,
    const char *what, const struct address *address)
{
	const struct listener *other;
	char text[ADDRESS_STRLEN], theirs[ADDRESS_STRLEN],
	    hint[REFUSAL_MAX / 2];
	int error = errno;

	address_format(address, text);
	hint[0] = '\0';
	other = error == EADDRINUSE
	    ? declared_otherwise(refusals->generation->service, address)
	    : NULL;
	if (other != NULL) {
		address_format(listener_address(other), theirs);
		snprintf(hint, sizeof(hint),
		    ": it overlaps --listen %s; --listen %s instead is the "
		    "address that the program asks for",
		    theirs, text);
	}
	errno = error;
	refusal_say(
	    refusals, call, "%s %s: %s%s", what, text, strerror(error), hint);
}

void
refusal_port(struct refusals *refusals, struct intercept_call *call,
    const struct address *address)
{
	char text[ADDRESS_STRLEN];

	if (errno != EACCES) {
		refusal_address(refusals, call, "bind", address);
		return;
	}
	address_format(address, text);
	errno = EACCES;
	refusal_say(refusals, call,
	    "bind %s: process %d may not have this port, which needs "
	    "CAP_NET_BIND_SERVICE; --listen %s gives the port to the service",
	    text, call->pid, text);
}

/* Sockets of two network namespaces never share an address. */
void
refusal_network(struct refusals *refusals, struct intercept_call *call,
    const struct address *address)
{
	char text[ADDRESS_STRLEN];

	address_format(address, text);
	errno = EADDRNOTAVAIL;
	refusal_say(refusals, call,
	    "bind %s: process %d is in another network namespace than hotswap: "
	    "run hotswap itself in that namespace (`ip netns exec NAME hotswap "
	    "...`), or leave the address to the program with --ignore %s",
	    text, call->pid, text);
}

/* A path that hangs has cost us time, and the next ones would do so too. */
void
refusal_path(struct refusals *refusals, struct intercept_call *call)
{
	if (errno == ETIMEDOUT && !refusals->hangs) {
		refusals->hangs = true;
		snprintf(refusals->trouble, sizeof(refusals->trouble),
		    "%s: looking up this path of process %d hangs; from now on "
		    "Unix sockets of its program are left to the kernel, and "
		    "are not the service's",
		    call->path, call->pid);
		tell_trouble(refusals);
	}
	intercept_pass(call);
}

/* The kernel would refuse it as well, but not say which generation has it. */
void
refusal_owned(struct refusals *refusals, struct intercept_call *call,
    const struct address *address, const struct generation *other)
{
	char text[ADDRESS_STRLEN];

	address_format(address, text);
	errno = EADDRINUSE;
	refusal_say(refusals, call,
	    "bind %s: generation %u has this address, and bound it after it "
	    "was ready, so the address is its own; `--listen %s` makes it the "
	    "service's",
	    text, other->number, text);
}

/*
 * Too many sockets: EMFILE if the address has a listener, else left to the
 * kernel.
 */
void
refusal_many(struct refusals *refusals, struct intercept_call *call,
    const struct target *target)
{
	char text[ADDRESS_STRLEN], why[REFUSAL_MAX / 2];

	if (!refusals->full) {
		refusals->full = true;
		address_format(&target->address, text);
		allotment_explain(target->listener, why, sizeof(why));
		snprintf(refusals->trouble, sizeof(refusals->trouble), "%s: %s",
		    text, why);
		tell_trouble(refusals);
	}
	if (target->listener != NULL) {
		intercept_done(call, EMFILE);
		return;
	}
	if (call->kind == INTERCEPT_LISTEN)
		latecomers_note(refusals->generation->latecomers, call);
	intercept_pass(call);
}
