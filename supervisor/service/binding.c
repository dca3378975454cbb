/* SPDX-License-Identifier: ISC */
/*
 * Decides the calls of a wrapped program.  Knows which of a generation's
 * sockets some process of its program has made its own; how sockets are
 * steered is the listener's.
 */
#include "service/binding.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "process/intercept.h"
#include "process/remote.h"
#include "service/holding.h"
#include "service/service.h"
#include "service/steering.h"
#include "traffic/settings.h"

#define TROUBLE_MAX 512

struct bindings {
	struct generation *generation;
	struct holdings *holdings;
	char trouble[TROUBLE_MAX];
};

struct bindings *
bindings_new(struct generation *generation)
{
	struct bindings *bindings = calloc(1, sizeof(*bindings));

	if (bindings == NULL)
		return NULL;
	bindings->generation = generation;
	if ((bindings->holdings = holdings_new(generation)) != NULL)
		return bindings;
	free(bindings);
	return NULL;
}

void
bindings_reset(struct bindings *bindings)
{
	holdings_reset(bindings->holdings);
	bindings->trouble[0] = '\0';
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
	return bindings->trouble;
}

/* ADDRESSES */

static bool
is_v6only(int fd)
{
	int value = 0;
	socklen_t len = sizeof(value);

	return getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &value, &len) == 0 &&
	    value != 0;
}

static bool
has_reuseport(int fd)
{
	int value = 0;
	socklen_t len = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &value, &len) == 0 &&
	    value != 0;
}

/* -1: not one that can be a listener's. */
static int
address_of(const struct intercept_call *call, struct address *address)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	if (call->path == NULL)
		return address_set(
		    address, call->type, call->address, call->len);
	if (strlcpy(un.sun_path, call->path, sizeof(un.sun_path)) >=
	    sizeof(un.sun_path))
		return -1;
	return address_set(
	    address, call->type, (struct sockaddr *)&un, sizeof(un));
}

static bool
is_ignored(const struct service *service, const struct address *address)
{
	char **text = service->options->ignore;
	struct address ignored;
	const char *why;

	for (; *text != NULL; text++) {
		if (address_parse(&ignored, *text, &why) == 0 &&
		    address_overlaps(&ignored, address))
			return true;
	}
	return false;
}

/* May a connection to the one reach the other, which is not the same? */
static bool
is_in_the_way(
    const struct listener *listener, const struct address *address, bool v6only)
{
	const struct address *at = listener_address(listener);
	bool other = at->sa.sa_family != address->sa.sa_family;

	if (other && (v6only || listener_v6only(listener)))
		return false;
	return !address_equal(at, address) && address_overlaps(at, address);
}

/* Does any other generation have a socket there? */
static bool
is_others(const struct bindings *bindings, const struct listener *listener)
{
	const struct generation *own = bindings->generation, *generation;
	size_t n;

	TAILQ_FOREACH (generation, &own->service->generations, entry) {
		if (generation == own)
			continue;
		listener_sockets(listener, generation->number, &n);
		if (n > 0)
			return true;
	}
	return false;
}

/*
 * The listener of another generation's that a socket at this address would
 * take connections from, in a group of its own where nothing steers; NULL if
 * there is none.
 */
static const struct listener *
find_obstacle(
    const struct bindings *bindings, const struct address *address, bool v6only)
{
	const struct service *service = bindings->generation->service;
	const struct listener *listener;
	size_t i;

	for (i = 0; i < service->nlisteners; i++) {
		listener = service->listeners[i];
		if (is_in_the_way(listener, address, v6only) &&
		    is_others(bindings, listener))
			return listener;
	}
	return NULL;
}

/* ANSWERS */

static void __attribute__((format(printf, 3, 4)))
refuse(struct bindings *bindings, struct intercept_call *call, const char *fmt,
    ...)
{
	int error = errno;
	va_list args;

	va_start(args, fmt);
	vsnprintf(bindings->trouble, sizeof(bindings->trouble), fmt, args);
	va_end(args);
	log_warn("generation %u: %s", bindings->generation->number,
	    bindings->trouble);
	intercept_done(call, error);
}

static void
refuse_address(struct bindings *bindings, struct intercept_call *call,
    const char *what, const struct address *address)
{
	char text[ADDRESS_STRLEN];
	int error = errno;

	address_format(address, text);
	errno = error;
	refuse(bindings, call, "%s %s: %s", what, text, strerror(error));
}

/* BIND AND LISTEN */

/* A Unix socket's file has the mode and owner that the program would give. */
static mode_t
take_on_looks(const struct intercept_call *call, struct listener *listener)
{
	int mask = remote_umask(call->pid);
	struct stat st;

	if (fstat(call->fd, &st) == 0)
		listener_set_owner(listener, st.st_uid, st.st_gid);
	return umask(mask != -1 ? (mode_t)mask : 0077);
}

/* The socket becomes one of the generation's.  -1 with errno. */
static int
adopt(struct bindings *bindings, const struct intercept_call *call,
    struct listener *listener)
{
	unsigned int number = bindings->generation->number;
	const int *fds;
	mode_t before;
	size_t n;
	int fd, r;

	if ((fd = fd_dup(call->fd)) == -1)
		return -1;
	before = take_on_looks(call, listener);
	r = listener_adopt(listener, number, fd);
	umask(before);
	if (r == -1)
		return -1;
	fds = listener_sockets(listener, number, &n);
	holdings_use(bindings->holdings, listener, fds[n - 1], call->pid);
	release_listens(bindings->generation);
	return 0;
}

/*
 * The address is a listener's.  Whoever has not asked for it with
 * SO_REUSEPORT must not have it twice, as the kernel has it.
 */
static void
bind_at(struct bindings *bindings, struct intercept_call *call,
    struct listener *listener)
{
	unsigned int number = bindings->generation->number;
	enum listener_way way = listener_way(listener);
	int fd = holdings_unused(bindings->holdings, listener), r = -1;
	size_t n;

	listener_sockets(listener, number, &n);
	/* Each of many workers may want one, where there is only one. */
	if (fd == -1 && way == LISTENER_SHARE &&
	    (n == 0 || has_reuseport(call->fd)))
		fd = listener_open(listener, number);
	if (fd != -1) {
		settings_copy(call->fd, fd);
		holdings_use(bindings->holdings, listener, fd, call->pid);
		intercept_replace(call, fd);
		release_listens(bindings->generation);
		return;
	}
	errno = EADDRINUSE;
	if (n == 0 || has_reuseport(call->fd))
		r = way == LISTENER_BIND ? listener_bind(listener, call->fd)
					 : adopt(bindings, call, listener);
	if (r == -1)
		refuse_address(
		    bindings, call, "bind", listener_address(listener));
	else
		intercept_done(call, 0);
}

/*
 * An address of its own becomes a listener: of TCP once it listens, since a
 * client may bind as well; of UDP at once, but only while the program starts.
 */
static bool
may_become_listener(
    const struct generation *generation, const struct address *address)
{
	if (generation->role != ROLE_CANDIDATE &&
	    generation->role != ROLE_ACTIVE)
		return false;
	return address->type == SOCK_STREAM ||
	    (generation->role == ROLE_CANDIDATE &&
		address_kind(address) == ADDRESS_INET);
}

static void
bind_elsewhere(struct bindings *bindings, struct intercept_call *call,
    const struct address *address)
{
	struct service *service = bindings->generation->service;
	struct listener *listener;
	int r;

	listener = steering_make(service, NULL, address);
	if (listener == NULL) {
		intercept_pass(call);
		return;
	}
	if (listener_way(listener) == LISTENER_BIND) {
		r = listener_bind(listener, call->fd);
		listener_free(listener);
	} else if ((r = adopt(bindings, call, listener)) == 0)
		r = steering_add(service, listener);
	else
		listener_free(listener);
	if (r == -1)
		refuse_address(bindings, call, "bind", address);
	else
		intercept_done(call, 0);
}

/*
 * Has a predecessor done it, and not lived to say so?  A half of it does no
 * harm: what is bound already can still be adopted.
 */
static bool
is_done(const struct bindings *bindings, const struct intercept_call *call,
    const struct address *address)
{
	const struct generation *generation = bindings->generation;
	const struct listener *listener =
	    steering_find(generation->service, address);
	struct sockaddr_storage storage;
	socklen_t len = sizeof(storage);
	struct address own;

	if (listener != NULL &&
	    listener_has(listener, generation->number, call->fd))
		return true;
	/* A stream socket's adoption comes when it listens. */
	return address->type == SOCK_STREAM &&
	    address_kind(address) == ADDRESS_INET &&
	    getsockname(call->fd, (struct sockaddr *)&storage, &len) == 0 &&
	    address_set(&own, call->type, (struct sockaddr *)&storage, len) ==
	    0 &&
	    address_equal(&own, address);
}

static void
on_bind(struct bindings *bindings, struct intercept_call *call)
{
	struct generation *generation = bindings->generation;
	char own[ADDRESS_STRLEN], theirs[ADDRESS_STRLEN];
	const struct listener *obstacle;
	struct listener *listener;
	struct address address;

	if (address_of(call, &address) == -1 ||
	    is_ignored(generation->service, &address)) {
		intercept_pass(call);
		return;
	}
	if (call->again && is_done(bindings, call, &address)) {
		release_listens(generation);
		intercept_done(call, 0);
		return;
	}
	if ((listener = steering_find(generation->service, &address)) != NULL) {
		bind_at(bindings, call, listener);
		return;
	}
	obstacle = find_obstacle(bindings, &address, is_v6only(call->fd));
	if (obstacle != NULL) {
		address_format(&address, own);
		address_format(listener_address(obstacle), theirs);
		errno = EADDRINUSE;
		refuse(bindings, call,
		    "bind %s: takes connections from %s, which another "
		    "generation has",
		    own, theirs);
	} else if (may_become_listener(generation, &address))
		bind_elsewhere(bindings, call, &address);
	else
		intercept_pass(call);
}

/* One more that a listener has: servers listen twice on one socket. */
static bool
is_known(const struct bindings *bindings, int fd)
{
	const struct generation *generation = bindings->generation;
	const struct service *service = generation->service;
	size_t i;

	for (i = 0; i < service->nlisteners; i++) {
		if (listener_has(service->listeners[i], generation->number, fd))
			return true;
	}
	return false;
}

/* SO_REUSEPORT is the mark of those that were bound here. */
static bool
is_ours(const struct bindings *bindings, const struct intercept_call *call,
    struct address *address)
{
	const struct service *service = bindings->generation->service;

	return address_of(call, address) == 0 &&
	    !is_ignored(service, address) &&
	    (steering_find(service, address) != NULL ||
		(has_reuseport(call->fd) &&
		    may_become_listener(bindings->generation, address)));
}

/*
 * With our backlog at the least: while a candidate starts there may be less
 * of the machine for the active one, whose short queue would then be full.
 */
static void
let_listen(struct bindings *bindings, struct intercept_call *call)
{
	unsigned int least = bindings->generation->service->options->backlog;

	/* Below 0 it is as many as there may be, listen(2). */
	if ((unsigned int)call->backlog >= least)
		intercept_pass(call);
	else
		intercept_done(
		    call, listen(call->fd, (int)least) == -1 ? errno : 0);
}

static void
on_listen(struct bindings *bindings, struct intercept_call *call)
{
	struct service *service = bindings->generation->service;
	struct listener *listener, *fresh = NULL;
	struct address address;
	int r = -1;

	if (is_known(bindings, call->fd)) {
		let_listen(bindings, call);
		return;
	}
	if (!is_ours(bindings, call, &address)) {
		intercept_pass(call);
		return;
	}
	if ((listener = steering_find(service, &address)) == NULL)
		listener = fresh = steering_make(service, NULL, &address);
	if (listener != NULL)
		r = adopt(bindings, call, listener);
	if (r == 0 && fresh != NULL)
		r = steering_add(service, fresh);
	else if (r == -1)
		listener_free(fresh);
	if (r == -1)
		refuse_address(bindings, call, "listen on", &address);
	else
		let_listen(bindings, call);
}

static void
on_unlink(struct bindings *bindings, struct intercept_call *call)
{
	const struct service *service = bindings->generation->service;
	size_t i;

	for (i = 0; i < service->nlisteners; i++) {
		if (listener_path(service->listeners[i], call->path) ==
		    PATH_OTHER)
			continue;
		intercept_done(call, 0);
		return;
	}
	intercept_pass(call);
}

void
bindings_decide(struct bindings *bindings, struct intercept_call *call)
{
	static void (*const decide[])(
	    struct bindings *, struct intercept_call *) = {
		[INTERCEPT_BIND] = on_bind,
		[INTERCEPT_LISTEN] = on_listen,
		[INTERCEPT_UNLINK] = on_unlink,
	};

	decide[call->kind](bindings, call);
}
