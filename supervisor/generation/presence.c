/* SPDX-License-Identifier: ISC */
/*
 * A program may be ready, by its own word or by a time, and have no socket yet;
 * another shuts its socket down and listens again.
 */
#include "generation/presence.h"

#include <stdio.h>
#include <string.h>

#include "core/service.h"
#include "generation/check_source.h"
#include "traffic/address.h"
#include "traffic/listener.h"

bool
presence_at(
    const struct listener *listener, const struct generation *generation)
{
	size_t n;

	listener_sockets(listener, generation->number, &n);
	return n > 0;
}

bool
presence_is_missed(
    const struct listener *listener, const struct generation *generation)
{
	const struct generation *active = generation->service->active;

	return active != NULL && active != generation &&
	    presence_at(listener, active) &&
	    !(presence_at(listener, generation) &&
		listener_is_open(listener, generation->number));
}

/* Does the check name this address?  Several may have the port that it names.
 */
static bool
is_named(const struct listener *listener, const char *check)
{
	const struct address *address = listener_address(listener);
	char text[ADDRESS_STRLEN];

	if (check == NULL)
		return false;
	if (address_kind(address) == ADDRESS_INET)
		return address->type == SOCK_STREAM &&
		    address_port(address) == check_port(check);
	address_format(address, text);
	return strncmp(check, "unix:", 5) == 0 &&
	    strncmp(check + 5, text, strlen(text)) == 0;
}

/* What the walk over the listeners has found. */
struct found {
	bool any, named; /* it listens at one, at one that is named */
	const struct listener *lacks, *lacks_named; /* the active one has it */
};

static void
look_at(struct found *found, const struct listener *listener,
    const struct generation *generation, const char *check)
{
	const struct generation *active = generation->service->active;
	bool named = is_named(listener, check);

	if (presence_at(listener, generation) &&
	    listener_is_open(listener, generation->number)) {
		found->any = true;
		found->named |= named;
	} else if (active != NULL && presence_at(listener, active)) {
		found->lacks = listener;
		if (named)
			found->lacks_named = listener;
	}
}

bool
presence_suffices(const struct generation *generation, const char *check,
    char *why, size_t size)
{
	const struct service *service = generation->service;
	const struct listener *lacks = NULL;
	struct found found = { 0 };
	char text[ADDRESS_STRLEN];
	size_t i;

	for (i = 0; i < service->nlisteners; i++)
		look_at(&found, service->listeners[i], generation, check);
	if (!found.named)
		lacks = found.lacks_named;
	if (!found.any && lacks == NULL)
		lacks = found.lacks;
	if (lacks == NULL)
		return true;
	address_format(listener_address(lacks), text);
	snprintf(why, size,
	    "it does not listen on %s, so that another generation answered",
	    text);
	return false;
}
