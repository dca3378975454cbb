/* SPDX-License-Identifier: ISC */
/*
 * Tells all listeners of the service which generations shall get the
 * connections.  How the kernel keeps to this is the task of traffic/.
 */
#include "generation/steering.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/strings.h"
#include "config/options.h"
#include "core/owner.h"
#include "core/service.h"
#include "core/state.h"
#include "generation/roster.h"

#define SHARES_MAX 64

int
steering_can_share(const struct service *service, char *why, size_t size)
{
	/* Why an address with this way has no shares; NULL: it has */
	static const char *const reasons[] = {
		[STEERING_REUSEPORT] = NULL,
		[STEERING_RENAME] = "a Unix socket's path leads to one "
				    "generation at a time",
		[STEERING_SHARED] = "all generations share this one socket",
	};
	char text[ADDRESS_STRLEN];
	const char *reason;
	size_t i;

	for (i = 0; i < service->nlisteners; i++) {
		reason = reasons[listener_steering(service->listeners[i])];
		if (reason == NULL)
			continue;
		address_format(listener_address(service->listeners[i]), text);
		snprintf(why, size, "%s: no shares here: %s", text, reason);
		return -1;
	}
	return 0;
}

/* Where the generation had no socket before, it has none again. */
static void
undo_join(struct generation *generation, const bool *had, size_t n)
{
	struct service *service = generation->service;
	size_t i;

	for (i = 0; i < n; i++) {
		if (had[i])
			continue;
		listener_leave(service->listeners[i], generation->number);
		listener_mend(service->listeners[i]);
	}
	roster_tidy(service);
}

/*
 * everywhere: also in listeners where only programs' own sockets have been.
 * had[i] says whether the generation had a socket in listener i before.  Users
 * wait in such sockets: they stay if another one cannot be had.
 */
static int
join_each(struct generation *generation, bool everywhere,
    const struct credentials *owner, bool *had, char *why, size_t size)
{
	struct service *service = generation->service;
	struct listener *listener;
	char text[ADDRESS_STRLEN];
	size_t i, n;
	int error;

	for (i = 0; i < service->nlisteners; i++) {
		listener = service->listeners[i];
		listener_sockets(listener, generation->number, &n);
		had[i] = n > 0;
		if (!everywhere && i >= service->ndeclared && n == 0)
			continue;
		if (listener_set_owner(listener, owner) == 0 &&
		    listener_open(listener, generation->number) != -1)
			continue;
		error = errno;
		address_format(listener_address(listener), text);
		snprintf(why, size, "cannot listen on %s: %s", text,
		    error == EADDRINUSE ? "another program has this address"
					: strerror(error));
		undo_join(generation, had, i + 1);
		errno = error;
		return -1;
	}
	return 0;
}

static int
join(struct generation *generation, bool everywhere, char *why, size_t size)
{
	bool *had = calloc(generation->service->nlisteners + 1, sizeof(*had));
	struct credentials owner;
	char cause[256];
	int error, r = -1;

	if (had == NULL) {
		error = errno;
		snprintf(why, size, "its sockets: %s", strerror(error));
	} else if (owner_credentials(
		       generation->image, &owner, cause, sizeof(cause)) == -1) {
		error = errno;
		snprintf(why, size, "the user of the sockets: %s", cause);
	} else {
		r = join_each(generation, everywhere, &owner, had, why, size);
		error = errno;
		credentials_fini(&owner);
	}
	free(had);
	errno = error;
	return r;
}

int
steering_join(struct generation *generation, char *why, size_t size)
{
	return join(generation, false, why, size);
}

int
steering_await(struct generation *generation, char *why, size_t size)
{
	return join(generation, true, why, size);
}

/*
 * The candidate comes last: with --sticky it has the low numbers, so that a
 * client that has the candidate keeps it while the candidate's share grows.
 */
static size_t
collect_shares(const struct service *service, struct steer_share *shares)
{
	const struct generation *candidate = service->release.candidate;
	const struct generation *generation;
	size_t n = 0;

	TAILQ_FOREACH (generation, &service->generations, entry) {
		if (generation->share > 0 && generation != candidate &&
		    n < SHARES_MAX - 1)
			shares[n++] = (struct steer_share){ generation->number,
				generation->share };
	}
	if (candidate != NULL && candidate->share > 0)
		shares[n++] =
		    (struct steer_share){ candidate->number, candidate->share };
	return n;
}

/*
 * The networks of --preview, which get the candidate before its share does;
 * none unless shares are shifted.  *New*.
 */
static struct steer_net *
collect_preview(const struct service *service, size_t *n)
{
	char *const *text = service->options->preview;
	struct steer_net *nets;

	*n = 0;
	if (service->release.rollout.state != ROLLOUT_SHIFTING)
		return NULL;
	nets =
	    calloc(strings_count(service->options->preview) + 1, sizeof(*nets));
	for (; nets != NULL && *text != NULL; text++)
		steer_net_parse(&nets[(*n)++], *text);
	return nets;
}

static int
steer_one(struct listener *listener, const struct steer_plan *plan)
{
	char text[ADDRESS_STRLEN];
	int saved;

	if (listener_steer(listener, plan) == 0)
		return 0;
	saved = errno;
	address_format(listener_address(listener), text);
	log_error("%s: cannot steer: %s", text, strerror(saved));
	errno = saved;
	return -1;
}

/*
 * The generation whose UDP flows move at once, 0 if there is none.  It is a
 * candidate that is taken back, since its clients' state is lost; or the old
 * generation, which must end before the new one starts (--strategy exclusive).
 */
static unsigned int
find_moving(const struct service *service)
{
	const struct release *release = &service->release;
	const struct generation *generation;
	unsigned int number = 0;

	if (release->rollout.state == ROLLOUT_STOPPING && release->old != NULL)
		return release->old->number;
	if (release->candidate != NULL && release->candidate->share == 0 &&
	    (release->rollout.state == ROLLOUT_IDLE ||
		release->rollout.state == ROLLOUT_RESTORING))
		return release->candidate->number;
	TAILQ_FOREACH (generation, &service->generations, entry)
		if (generation->role == ROLE_FAILED)
			number = generation->number;
	return number;
}

/*
 * Steer the listeners from number first on.  If one cannot be steered, the
 * others still are.
 */
static int
apply_from(struct service *service, size_t first)
{
	struct steer_share shares[SHARES_MAX];
	struct steer_plan plan = { .shares = shares,
		.sticky = service->options->sticky,
		.preview_generation = service->release.to,
		.idle_ms = service->options->udp_idle_ms,
		.moving = find_moving(service) };
	struct steer_net *preview;
	int error = 0;
	size_t i;

	plan.nshares = collect_shares(service, shares);
	plan.preview = preview = collect_preview(service, &plan.npreview);
	state_commit(service);
	for (i = first; i < service->nlisteners; i++) {
		if (steer_one(service->listeners[i], &plan) == -1 && error == 0)
			error = errno;
	}
	free(preview);
	errno = error;
	return error == 0 ? 0 : -1;
}

int
steering_apply(struct service *service)
{
	return apply_from(service, 0);
}

/* The plan is in force in all other listeners already. */
int
steering_add(struct service *service, struct listener *listener)
{
	if (roster_add(service, listener) == -1)
		return -1;
	return apply_from(service, service->nlisteners - 1);
}

static void
accuse(const struct listener *listener, unsigned int number, char *why,
    size_t size)
{
	char text[ADDRESS_STRLEN];

	address_format(listener_address(listener), text);
	snprintf(why, size,
	    errno == EXDEV
		? "%s: a connection that was directed at generation %u reached "
		  "another one: a server has attached a BPF program of its own "
		  "to the sockets there, past the shim (socket(7), "
		  "SO_ATTACH_REUSEPORT_EBPF)"
		: "%s: a connection reached a generation that has no share, "
		  "while generation %u was checked: a server has attached a "
		  "BPF program of its own to the sockets there, past the shim "
		  "(socket(7), SO_ATTACH_REUSEPORT_EBPF)",
	    text, number);
}

int
steering_prove(
    const struct generation *generation, size_t *next, char *why, size_t size)
{
	const struct service *service = generation->service;
	struct listener *listener;
	size_t i, n = service->nlisteners;

	for (i = 0; i < n && i < STEERING_PROOFS; i++) {
		listener = service->listeners[(*next)++ % n];
		if (listener_prove(listener, generation->number) == 0)
			continue;
		accuse(listener, generation->number, why, size);
		return -1;
	}
	return 0;
}

void
steering_hand_over(const struct generation *from, const struct generation *to)
{
	struct service *service = from->service;
	char text[ADDRESS_STRLEN];
	size_t i, n;

	for (i = 0; i < service->nlisteners; i++) {
		listener_sockets(service->listeners[i], from->number, &n);
		if (n == 0 ||
		    listener_hand_over(
			service->listeners[i], from->number, to->number) == 0)
			continue;
		address_format(listener_address(service->listeners[i]), text);
		log_error("%s: cannot give generation %u the sockets of "
			  "generation %u: %s",
		    text, to->number, from->number, strerror(errno));
	}
}

bool
steering_prepare_leave(struct generation *generation)
{
	struct service *service = generation->service;
	char text[ADDRESS_STRLEN];
	bool hidden = false;
	size_t i;
	int r;

	state_commit(service);
	for (i = 0; i < service->nlisteners; i++) {
		r = listener_prepare_leave(
		    service->listeners[i], generation->number);
		hidden |= r == 1;
		if (r != -1)
			continue;
		address_format(listener_address(service->listeners[i]), text);
		log_warn("%s: cannot make room for generation %u to leave: %s",
		    text, generation->number, strerror(errno));
	}
	return hidden;
}

void
steering_leave(struct generation *generation)
{
	struct service *service = generation->service;
	size_t i;

	for (i = 0; i < service->nlisteners; i++) {
		listener_leave(service->listeners[i], generation->number);
		listener_mend(service->listeners[i]);
	}
	roster_tidy(service);
}

size_t
steering_flows(const struct generation *generation)
{
	const struct service *service = generation->service;
	size_t i, sum = 0;

	if (generation->number == find_moving(service))
		return 0;
	for (i = 0; i < service->nlisteners; i++)
		sum += listener_flows(service->listeners[i], generation->number,
		    service->options->udp_idle_ms);
	return sum;
}

uint64_t
steering_given(const struct generation *generation)
{
	const struct service *service = generation->service;
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < service->nlisteners; i++)
		sum +=
		    listener_given(service->listeners[i], generation->number);
	return sum;
}

int
steering_queued(const struct generation *generation)
{
	const struct service *service = generation->service;
	int queued, sum = 0;
	size_t i;

	for (i = 0; i < service->nlisteners; i++) {
		queued =
		    listener_queued(service->listeners[i], generation->number);
		if (queued > 0)
			sum += queued;
	}
	return sum;
}
