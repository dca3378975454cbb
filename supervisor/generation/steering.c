/* SPDX-License-Identifier: ISC */
/*
 * The service's listeners together.  Says what the shares are; how the
 * kernel is made to keep to them is the traffic room's.
 */
#include "generation/steering.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/strings.h"
#include "config/options.h"
#include "core/held.h"
#include "core/owner.h"
#include "core/service.h"
#include "core/state.h"
#include "keep/store.h"

#define SHARES_MAX 64

/* One that is there already and would get the same connections, or NULL. */
static const struct listener *
find_overlap(const struct service *service, const struct address *address)
{
	const struct address *other;
	size_t i;

	for (i = 0; i < service->nlisteners; i++) {
		other = listener_address(service->listeners[i]);
		if (!address_overlaps(other, address))
			continue;
		/* The kernel gives each of these a port of its own. */
		if (address_kind(address) != ADDRESS_INET ||
		    address_port(address) != 0)
			return service->listeners[i];
	}
	return NULL;
}

struct listener *
steering_make(
    struct service *service, const char *name, const struct address *address)
{
	struct listener *listener =
	    listener_new(name, address, (int)service->options->backlog);

	if (listener != NULL)
		listener_set_holder(listener, held_holder(service));
	return listener;
}

static struct listener *
open_one(struct service *service, const char *option, char *why, size_t size)
{
	const struct listener *other;
	struct listener *listener = NULL;
	char text[ADDRESS_STRLEN];
	struct address address;
	const char *where, *fault;
	char *name = NULL;
	size_t len;

	where = options_listen_address(option, &len);
	if (len > 0 && (name = strndup(option, len)) == NULL)
		snprintf(why, size, "%s", strerror(errno));
	else if (address_parse(&address, where, &fault) == -1)
		snprintf(why, size, "--listen %s: %s", where, fault);
	else if ((other = find_overlap(service, &address)) != NULL) {
		address_format(listener_address(other), text);
		snprintf(why, size, "--listen %s: overlaps with %s %s%s", where,
		    listener_is_passed(other) ? "the socket that was passed at"
					      : "--listen",
		    text,
		    strstr(where, "[::]") != NULL ||
			    strstr(text, "[::]") != NULL
			? ", as [::] takes in IPv4"
			: "");
	} else if ((listener = steering_make(service, name, &address)) == NULL)
		snprintf(why, size, "--listen %s: %s", where, strerror(errno));
	free(name);
	return listener;
}

static int
append(struct service *service, struct listener *listener)
{
	struct listener **more;

	more = reallocarray(
	    service->listeners, service->nlisteners + 2, sizeof(*more));
	if (more == NULL) {
		listener_free(listener);
		return -1;
	}
	service->listeners = more;
	more[service->nlisteners++] = listener;
	return 0;
}

/* Those of a .socket unit, in its order. */
static int
open_passed(struct service *service, char *why, size_t size)
{
	struct listener *listener;
	char name[STORE_NAME];
	size_t i;
	int fd;

	for (i = 0;; i++) {
		fd = store_passed(held_store(service), i, name);
		if (fd == -1 && errno == ENOENT)
			return 0;
		listener = fd == -1
		    ? NULL
		    : listener_new_passed(name, fd,
			  (int)service->options->backlog, held_holder(service));
		if (listener != NULL && append(service, listener) == 0)
			continue;
		snprintf(why, size,
		    "descriptor %zu that was passed, \"%s\": %s", i + 3, name,
		    errno == EINVAL ? "it is a connection, or does not listen "
				      "(Accept=no, systemd.socket(5))"
				    : strerror(errno));
		return -1;
	}
}

int
steering_open(struct service *service, char *why, size_t size)
{
	char **option = service->options->listen;
	struct listener *listener;

	if (open_passed(service, why, size) == -1)
		return -1;
	for (; *option != NULL; option++) {
		listener = open_one(service, *option, why, size);
		if (listener == NULL)
			return -1;
		if (append(service, listener) == -1) {
			snprintf(why, size, "%s", strerror(errno));
			return -1;
		}
	}
	service->ndeclared = service->nlisteners;
	return 0;
}

json_t *
steering_save(const struct service *service)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < service->nlisteners; i++) {
		if (json_array_append_new(
			list, listener_save(service->listeners[i])) == 0)
			continue;
		json_decref(list);
		return NULL;
	}
	return list;
}

int
steering_restore(struct service *service, const json_t *list)
{
	struct listener *listener;
	json_t *saved;
	size_t i;

	service->listeners =
	    calloc(json_array_size(list) + 1, sizeof(*service->listeners));
	if (service->listeners == NULL)
		return -1;
	json_array_foreach (list, i, saved) {
		listener = listener_restore(
		    saved, held_socket, service, held_holder(service));
		if (listener == NULL)
			return -1;
		service->listeners[service->nlisteners++] = listener;
	}
	return 0;
}

void
steering_close(struct service *service)
{
	while (service->nlisteners > 0)
		listener_free(service->listeners[--service->nlisteners]);
	free(service->listeners);
	service->listeners = NULL;
}

struct listener *
steering_find(const struct service *service, const struct address *address)
{
	size_t i;

	for (i = 0; i < service->nlisteners; i++) {
		if (address_equal(
			listener_address(service->listeners[i]), address))
			return service->listeners[i];
	}
	return NULL;
}

bool
steering_is_declared(
    const struct service *service, const struct listener *listener)
{
	size_t i;

	for (i = 0; i < service->ndeclared; i++) {
		if (service->listeners[i] == listener)
			return true;
	}
	return false;
}

void
steering_tidy(struct service *service)
{
	size_t i = service->ndeclared;

	while (i < service->nlisteners) {
		if (!listener_is_empty(service->listeners[i])) {
			i++;
			continue;
		}
		listener_free(service->listeners[i]);
		service->listeners[i] =
		    service->listeners[--service->nlisteners];
	}
}

int
steering_can_share(const struct service *service, char *why, size_t size)
{
	/* Why an address that is steered so cannot; NULL: it can. */
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

/* With everywhere also where only the program's own sockets have been. */
static int
join(struct generation *generation, bool everywhere, char *why, size_t size)
{
	struct service *service = generation->service;
	struct credentials owner;
	char text[ADDRESS_STRLEN];
	size_t i, n;

	if (owner_credentials(generation->image, &owner) == -1) {
		snprintf(why, size, "%s", strerror(errno));
		return -1;
	}
	for (i = 0; i < service->nlisteners; i++) {
		listener_sockets(service->listeners[i], generation->number, &n);
		if (!everywhere && i >= service->ndeclared && n == 0)
			continue;
		if (listener_set_owner(service->listeners[i], &owner) == 0 &&
		    listener_open(service->listeners[i], generation->number) !=
			-1)
			continue;
		credentials_fini(&owner);
		address_format(listener_address(service->listeners[i]), text);
		snprintf(why, size, "cannot listen on %s: %s", text,
		    errno == EADDRINUSE ? "another program has this address"
					: strerror(errno));
		steering_leave(generation);
		return -1;
	}
	credentials_fini(&owner);
	return 0;
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
 * growing share never gives a client back.
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

/* Networks that see the candidate first, while others may not.  *New*. */
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

	if (listener_steer(listener, plan) == 0)
		return 0;
	address_format(listener_address(listener), text);
	log_error("%s: cannot steer: %s", text, strerror(errno));
	return -1;
}

/* Those from the first on. */
static int
apply_from(struct service *service, size_t first)
{
	struct steer_share shares[SHARES_MAX];
	struct steer_plan plan = { .shares = shares,
		.sticky = service->options->sticky,
		.preview_generation = service->release.to };
	struct steer_net *preview;
	size_t i;
	int r = 0;

	plan.nshares = collect_shares(service, shares);
	plan.preview = preview = collect_preview(service, &plan.npreview);
	state_commit(service);
	for (i = first; i < service->nlisteners && r == 0; i++)
		r = steer_one(service->listeners[i], &plan);
	free(preview);
	return r;
}

int
steering_apply(struct service *service)
{
	return apply_from(service, 0);
}

/* The plan is in force at all others already. */
int
steering_add(struct service *service, struct listener *listener)
{
	if (append(service, listener) == -1)
		return -1;
	return apply_from(service, service->nlisteners - 1);
}

void
steering_hand_over(const struct generation *from, const struct generation *to)
{
	struct service *service = from->service;
	char text[ADDRESS_STRLEN];
	size_t i;

	for (i = 0; i < service->nlisteners; i++) {
		if (listener_hand_over(
			service->listeners[i], from->number, to->number) == 0)
			continue;
		address_format(listener_address(service->listeners[i]), text);
		log_error("%s: cannot give generation %u what waits for %u: %s",
		    text, to->number, from->number, strerror(errno));
	}
}

void
steering_prepare_leave(struct generation *generation)
{
	struct service *service = generation->service;
	char text[ADDRESS_STRLEN];
	size_t i;

	for (i = 0; i < service->nlisteners; i++) {
		if (listener_prepare_leave(
			service->listeners[i], generation->number) == 0)
			continue;
		address_format(listener_address(service->listeners[i]), text);
		log_warn("%s: cannot make room for generation %u to leave: %s",
		    text, generation->number, strerror(errno));
	}
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
	steering_tidy(service);
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
