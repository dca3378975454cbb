/* SPDX-License-Identifier: ISC */
/*
 * Decides the calls of a wrapped program.  This module knows which of a
 * generation's sockets its processes use; the listener steers the sockets.
 */
#include "generation/binding.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/sockopt.h"
#include "core/service.h"
#include "core/state.h"
#include "generation/allotment.h"
#include "generation/caller_socket.h"
#include "generation/holding.h"
#include "generation/latecomers.h"
#include "generation/own_path.h"
#include "generation/own_steering.h"
#include "generation/presence.h"
#include "generation/refusal.h"
#include "generation/roster.h"
#include "generation/steering.h"
#include "generation/target.h"
#include "generation/vacancy.h"
#include "process/intercept.h"
#include "traffic/settings.h"

struct bindings {
	struct generation *generation;
	struct holdings *holdings;
	struct refusals refusals;
	struct own_path own_path;
};

struct bindings *
bindings_new(struct generation *generation)
{
	struct bindings *bindings = calloc(1, sizeof(*bindings));

	if (bindings == NULL)
		return NULL;
	bindings->generation = bindings->refusals.generation = generation;
	if ((bindings->holdings = holdings_new(generation)) != NULL)
		return bindings;
	free(bindings);
	return NULL;
}

void
bindings_reset(struct bindings *bindings)
{
	holdings_reset(bindings->holdings);
	refusals_reset(&bindings->refusals);
	bindings->own_path = (struct own_path){ 0 };
}

void
bindings_free(struct bindings *bindings)
{
	if (bindings == NULL)
		return;
	holdings_free(bindings->holdings);
	free(bindings);
}

const char *
bindings_trouble(const struct bindings *bindings)
{
	return bindings->refusals.trouble;
}

static void
tell_listens(struct bindings *bindings)
{
	struct generation *generation = bindings->generation;

	generation->service->generation_events->listens(generation);
}

/* Make the socket one of the generation's.  -1 with errno. */
static int
adopt(struct bindings *bindings, struct intercept_call *call,
    const struct target *target, struct listener *listener)
{
	unsigned int number = bindings->generation->number;
	bool missed = presence_is_missed(listener, bindings->generation);
	const int *fds;
	size_t n;

	latecomers_add(
	    bindings->generation->latecomers, listener_address(listener));
	if (caller_socket_adopt(call, target, listener, number) == -1)
		return -1;
	fds = listener_sockets(listener, number, &n);
	holdings_use(bindings->holdings, listener, fds[n - 1], call->pid);
	bindings->generation->arrivals += missed;
	state_commit(bindings->generation->service);
	tell_listens(bindings);
	return 0;
}

/*
 * The same in a listener that is new, which is *stolen*.  It has its plan
 * first, so that one program is attached and one checkpoint written.
 */
static int
adopt_into(struct bindings *bindings, struct intercept_call *call,
    const struct target *target, struct listener *listener)
{
	struct service *service = bindings->generation->service;
	int r = steering_add(service, listener), error;

	if (r == 0)
		r = adopt(bindings, call, target, listener);
	error = errno;
	if (r == -1)
		roster_tidy(service);
	errno = error;
	return r;
}

/* The address has a listener. */
static void
bind_at(struct bindings *bindings, struct intercept_call *call,
    const struct target *target)
{
	struct listener *listener = target->listener;
	unsigned int number = bindings->generation->number;
	enum listener_way way = listener_way(listener);
	int fd = holdings_unused(bindings->holdings, listener), r = -1;
	bool may;
	size_t n;

	listener_sockets(listener, number, &n);
	may = n == 0 || caller_socket_may_repeat(call, listener);
	if (fd == -1 && may &&
	    !allotment_has_room(bindings->generation, listener, call)) {
		refusal_many(&bindings->refusals, call, target);
		return;
	}
	/* Each of many workers may want a socket where only one can exist. */
	if (fd == -1 && way == LISTENER_SHARE && may)
		fd = listener_open(listener, number);
	if (fd != -1) {
		settings_copy(call->fd, fd);
		holdings_use(bindings->holdings, listener, fd, call->pid);
		state_commit(bindings->generation->service);
		intercept_replace(call, fd);
		latecomers_add(bindings->generation->latecomers,
		    listener_address(listener));
		tell_listens(bindings);
		return;
	}
	errno = EADDRINUSE;
	if (may)
		r = way == LISTENER_BIND
		    ? caller_socket_bind(call, listener)
		    : adopt(bindings, call, target, listener);
	if (r == -1)
		refusal_address(&bindings->refusals, call, "bind",
		    listener_address(listener));
	else
		intercept_done(call, 0);
}

/*
 * May an address without a listener become one?  A TCP socket does so when it
 * listens, since clients bind as well; a UDP socket at once, but only while the
 * program starts.
 */
static bool
may_become_listener(
    const struct generation *generation, const struct address *address)
{
	if ((generation->role != ROLE_CANDIDATE &&
		generation->role != ROLE_ACTIVE) ||
	    latecomers_are_so(generation->latecomers))
		return false;
	return address->type == SOCK_STREAM ||
	    (generation->role == ROLE_CANDIDATE &&
		address_kind(address) == ADDRESS_INET);
}

static void
bind_elsewhere(struct bindings *bindings, struct intercept_call *call,
    const struct target *target)
{
	const struct address *address = &target->address;
	struct service *service = bindings->generation->service;
	struct listener *listener;
	int r;

	if (!allotment_has_room(bindings->generation, NULL, call)) {
		refusal_many(&bindings->refusals, call, target);
		return;
	}
	listener = roster_make(service, NULL, address);
	if (listener == NULL) {
		intercept_pass(call);
		return;
	}
	if (listener_way(listener) == LISTENER_BIND) {
		r = caller_socket_bind(call, listener);
		listener_free(listener);
	} else
		r = adopt_into(bindings, call, target, listener);
	if (r == -1)
		refusal_address(&bindings->refusals, call, "bind", address);
	else
		intercept_done(call, 0);
}

/*
 * Has a predecessor carried out the call and died before it could answer?  If
 * it was half done, that does no harm: a bound socket can still be adopted.
 */
static bool
is_done(const struct bindings *bindings, const struct intercept_call *call,
    const struct target *target)
{
	const struct generation *generation = bindings->generation;
	struct address own;

	if (target->listener != NULL &&
	    listener_has(target->listener, generation->number, call->cookie))
		return true;
	/* A stream socket is adopted later, when it listens. */
	return target->address.type == SOCK_STREAM &&
	    address_kind(&target->address) == ADDRESS_INET &&
	    caller_socket_is_bound(call, &own) &&
	    address_equal(&own, &target->address);
}

static void
bind_target(struct bindings *bindings, struct intercept_call *call,
    const struct target *target)
{
	struct generation *generation = bindings->generation;
	char own[ADDRESS_STRLEN], theirs[ADDRESS_STRLEN];
	const struct generation *other;
	const struct listener *obstacle;

	if (target_may_bind(target, generation, call) == -1) {
		refusal_port(&bindings->refusals, call, &target->address);
		return;
	}
	if (target->listener != NULL) {
		bind_at(bindings, call, target);
		return;
	}
	if (!latecomers_are_so(generation->latecomers) &&
	    (other = latecomers_find(generation, &target->address)) != NULL) {
		refusal_owned(
		    &bindings->refusals, call, &target->address, other);
		return;
	}
	vacancy_make(generation, bindings->holdings, target, call);
	obstacle = target_obstacle(target, generation,
	    sockopt_is_set(call->fd, IPPROTO_IPV6, IPV6_V6ONLY));
	if (obstacle != NULL) {
		address_format(&target->address, own);
		address_format(listener_address(obstacle), theirs);
		errno = EADDRINUSE;
		refusal_say(&bindings->refusals, call,
		    "bind %s: a socket at this address would take connections "
		    "from %s, which another generation has",
		    own, theirs);
	} else if (may_become_listener(generation, &target->address))
		bind_elsewhere(bindings, call, target);
	else
		intercept_pass(call);
}

/* A bound socket stays as it is: the kernel refuses to bind it again. */
static void
on_bind(struct bindings *bindings, struct intercept_call *call)
{
	struct generation *generation = bindings->generation;
	struct address own;
	struct target target;

	if ((!call->again && caller_socket_is_bound(call, &own)) ||
	    (call->path != NULL && bindings->refusals.hangs)) {
		intercept_pass(call);
		return;
	}
	if (target_init(&target, generation, call) == -1) {
		refusal_path(&bindings->refusals, call);
		return;
	}
	if (target_is_ignored(&target, generation)) {
		intercept_pass(call);
	} else if (call->again && is_done(bindings, call, &target)) {
		tell_listens(bindings);
		intercept_done(call, 0);
	} else if (target_is_elsewhere(call))
		refusal_network(&bindings->refusals, call, &target.address);
	else
		bind_target(bindings, call, &target);
	target_fini(&target);
}

/* Sockets that were bound here have SO_REUSEPORT set. */
static bool
is_ours(const struct bindings *bindings, const struct intercept_call *call,
    const struct target *target)
{
	return !target_is_ignored(target, bindings->generation) &&
	    (target->listener != NULL ||
		(sockopt_is_set(call->fd, SOL_SOCKET, SO_REUSEPORT) &&
		    may_become_listener(
			bindings->generation, &target->address)));
}

/*
 * The backlog is at least ours: while a candidate starts, the active generation
 * may get less of the machine, and a short queue would be full.
 */
static void
let_listen(struct bindings *bindings, struct intercept_call *call)
{
	unsigned int least = bindings->generation->service->options->backlog;

	/* A backlog below 0 means as much as is allowed, listen(2). */
	if ((unsigned int)call->backlog >= least)
		intercept_pass(call);
	else
		intercept_done(
		    call, listen(call->fd, (int)least) == -1 ? errno : 0);
}

static void
listen_at(struct bindings *bindings, struct intercept_call *call,
    const struct target *target)
{
	struct service *service = bindings->generation->service;
	struct listener *listener = target->listener;
	int r = -1;

	if (!allotment_has_room(bindings->generation, listener, call)) {
		refusal_many(&bindings->refusals, call, target);
		return;
	}
	if (listener != NULL)
		r = adopt(bindings, call, target, listener);
	else if ((listener = roster_make(service, NULL, &target->address)) !=
	    NULL)
		r = adopt_into(bindings, call, target, listener);
	if (r == -1)
		refusal_address(
		    &bindings->refusals, call, "listen on", &target->address);
	else
		let_listen(bindings, call);
}

/* A Unix socket with a path becomes ours when it is bound, or never. */
static void
on_listen(struct bindings *bindings, struct intercept_call *call)
{
	struct generation *generation = bindings->generation;
	struct listener *listener = roster_with_socket(
	    generation->service, generation->number, call->fd);
	struct target target;
	int r;

	/* Servers call listen(2) twice on one socket. */
	if (listener != NULL) {
		call->kept = true;
		r = listener_listen_again(
		    listener, generation->number, call->fd);
		generation->arrivals += r == 1;
		if (r == -1)
			refusal_address(&bindings->refusals, call, "listen on",
			    listener_address(listener));
		else
			let_listen(bindings, call);
	} else if (call->path != NULL ||
	    target_init(&target, generation, call) == -1) {
		latecomers_note(generation->latecomers, call);
		intercept_pass(call);
	} else {
		if (!is_ours(bindings, call, &target)) {
			latecomers_note(generation->latecomers, call);
			intercept_pass(call);
		} else if (target_may_bind(&target, generation, call) == -1)
			refusal_port(
			    &bindings->refusals, call, &target.address);
		else
			listen_at(bindings, call, &target);
		target_fini(&target);
	}
}

static void
on_unlink(struct bindings *bindings, struct intercept_call *call)
{
	int r = bindings->refusals.hangs
	    ? 0
	    : target_is_unlinked(bindings->generation, call);

	if (r == 1)
		intercept_done(call, 0);
	else if (r == 0)
		intercept_pass(call);
	else
		refusal_path(&bindings->refusals, call);
}

static void
on_option(struct bindings *bindings, struct intercept_call *call)
{
	own_steering_decide(bindings->generation, call);
}

static void
on_connect(struct bindings *bindings, struct intercept_call *call)
{
	if (bindings->refusals.hangs)
		intercept_pass(call);
	else
		own_path_decide(bindings->generation, bindings->holdings, call);
}

bool
bindings_serve_all(struct bindings *bindings)
{
	return own_path_is_moot(
	    &bindings->own_path, bindings->generation, bindings->holdings);
}

void
bindings_decide(struct bindings *bindings, struct intercept_call *call)
{
	static void (*const decide[])(
	    struct bindings *, struct intercept_call *) = {
		[INTERCEPT_BIND] = on_bind,
		[INTERCEPT_LISTEN] = on_listen,
		[INTERCEPT_UNLINK] = on_unlink,
		[INTERCEPT_OPTION] = on_option,
		[INTERCEPT_CONNECT] = on_connect,
	};

	decide[call->kind](bindings, call);
}
