/* SPDX-License-Identifier: ISC */
/*
 * Addresses of calls, compared with those of the service's listeners.
 */
#include "generation/target.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/fd.h"
#include "core/service.h"
#include "generation/roster.h"
#include "process/intercept.h"
#include "traffic/directory.h"
#include "traffic/endpoint.h"

#define PORT_START	 "/proc/sys/net/ipv4/ip_unprivileged_port_start"
#define PORT_START_USUAL 1024

static struct listener *
find_path(const struct service *service, int type,
    const struct identity *directory, const char *leaf, enum listener_path kind)
{
	struct listener *listener;
	size_t i;

	for (i = 0; i < service->nlisteners; i++) {
		listener = service->listeners[i];
		if (listener_address(listener)->type == type &&
		    listener_leaf(listener, leaf) == kind &&
		    listener_is_in(listener, directory))
			return listener;
	}
	return NULL;
}

/* The address is the path by which people know the socket. */
static int
init_path(struct target *target, const struct generation *generation,
    const struct intercept_call *call)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	const struct caller_path *path = &target->path;
	struct identity directory;

	if (intercept_locate(call, &target->path) == -1)
		return -1;
	target->has_path = true;
	directory = (struct identity){ path->dev, path->ino };
	target->listener = find_path(generation->service, call->type,
	    &directory, path->leaf, PATH_PUBLIC);
	if ((size_t)snprintf(un.sun_path, sizeof(un.sun_path), "%s%s",
		path->text, path->leaf) < sizeof(un.sun_path))
		return address_set(&target->address, call->type,
		    (struct sockaddr *)&un, sizeof(un));
	errno = EAFNOSUPPORT;
	return -1;
}

int
target_init(struct target *target, const struct generation *generation,
    const struct intercept_call *call)
{
	int r;

	memset(target, 0, sizeof(*target));
	target->path.directory = -1;
	if (call->path != NULL)
		r = init_path(target, generation, call);
	else if ((r = address_set(&target->address, call->type, call->address,
		      call->len)) == -1)
		errno = EAFNOSUPPORT;
	else
		address_set_device(&target->address, endpoint_device(call->fd));
	if (r == -1)
		target_fini(target);
	else if (target->listener == NULL)
		target->listener =
		    roster_find(generation->service, &target->address);
	return r;
}

void
target_take_private(struct target *target, const struct generation *generation,
    const struct intercept_call *call)
{
	const struct caller_path *path = &target->path;
	const struct identity directory = { path->dev, path->ino };

	if (target->listener == NULL && target->has_path)
		target->listener = find_path(generation->service, call->type,
		    &directory, path->leaf, PATH_PRIVATE);
}

void
target_fini(struct target *target)
{
	int saved = errno;

	caller_path_fini(&target->path);
	errno = saved;
}

bool
target_is_ignored(
    const struct target *target, const struct generation *generation)
{
	char **text = generation->service->options->ignore;
	struct address ignored;
	const char *why;

	for (; *text != NULL; text++) {
		if (address_parse(&ignored, *text, &why) == 0 &&
		    address_overlaps(&ignored, &target->address))
			return true;
	}
	return false;
}

/* ip(7), for our network namespace, which as a rule is the program's. */
static unsigned int
first_unprivileged_port(void)
{
	char *text = fd_read_file(PORT_START, 64, NULL);
	unsigned int port = PORT_START_USUAL;

	if (text != NULL)
		port = (unsigned int)strtoul(text, NULL, 10);
	free(text);
	return port;
}

int
target_may_bind(const struct target *target,
    const struct generation *generation, const struct intercept_call *call)
{
	struct credentials who;
	bool may;

	if (address_kind(&target->address) != ADDRESS_INET ||
	    address_port(&target->address) >= first_unprivileged_port() ||
	    (target->listener != NULL &&
		roster_is_declared(generation->service, target->listener)))
		return 0;
	if (intercept_caller(call, &who) == -1)
		return -1;
	may = credentials_can(&who, CAP_NET_BIND_SERVICE);
	credentials_fini(&who);
	if (may)
		return 0;
	errno = EACCES;
	return -1;
}

/* May a connection to one of two different addresses reach the other? */
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

/* Does another generation have a socket in the listener? */
static bool
is_others(const struct generation *own, const struct listener *listener)
{
	const struct generation *generation;
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

const struct listener *
target_obstacle(const struct target *target,
    const struct generation *generation, bool v6only)
{
	const struct service *service = generation->service;
	const struct listener *listener;
	size_t i;

	for (i = 0; i < service->nlisteners; i++) {
		listener = service->listeners[i];
		if (is_in_the_way(listener, &target->address, v6only) &&
		    is_others(generation, listener))
			return listener;
	}
	return NULL;
}

struct listener *
target_own_obstacle(const struct target *target,
    const struct generation *generation, bool v6only)
{
	const struct service *service = generation->service;
	struct listener *listener;
	size_t i, n;

	for (i = 0; i < service->nlisteners; i++) {
		listener = service->listeners[i];
		listener_sockets(listener, generation->number, &n);
		if (n > 0 && !roster_is_declared(service, listener) &&
		    is_in_the_way(listener, &target->address, v6only))
			return listener;
	}
	return NULL;
}

/* The last part of most paths that a program names is not one of ours. */
static enum listener_path
leaf_of(const struct listener *listener, const char *path)
{
	const char *slash = strrchr(path, '/');

	return listener_leaf(listener, slash != NULL ? slash + 1 : path);
}

static bool
may_be_ours(const struct service *service, const char *path)
{
	size_t i;

	for (i = 0; i < service->nlisteners; i++)
		if (leaf_of(service->listeners[i], path) != PATH_OTHER)
			return true;
	return false;
}

bool
target_may_be_at(
    const struct listener *listener, const struct intercept_call *call)
{
	enum address_kind kind = address_kind(listener_address(listener));

	return call->path == NULL ? kind == ADDRESS_ABSTRACT
				  : kind == ADDRESS_UNIX &&
		leaf_of(listener, call->path) != PATH_OTHER;
}

int
target_is_unlinked(
    const struct generation *generation, const struct intercept_call *call)
{
	const struct service *service = generation->service;
	struct caller_path path;
	struct identity directory;
	int found = 0;
	size_t i;

	if (!may_be_ours(service, call->path))
		return 0;
	if (intercept_locate(call, &path) == -1)
		return -1;
	directory = (struct identity){ path.dev, path.ino };
	for (i = 0; i < service->nlisteners && path.socket && !found; i++)
		found = listener_leaf(service->listeners[i], path.leaf) !=
			PATH_OTHER &&
		    listener_is_in(service->listeners[i], &directory);
	caller_path_fini(&path);
	return found;
}

/* The network namespace of a socket; 0: not known, before Linux 5.14. */
static uint64_t
network_of(int fd)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len) == -1)
		return 0;
	return cookie;
}

bool
target_is_elsewhere(const struct intercept_call *call)
{
	bool is;
	int own;

	/* A path is the same in all network namespaces. */
	if (call->family == AF_UNIX && call->path != NULL)
		return false;
	own = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	is = own != -1 && network_of(call->fd) != network_of(own);
	fd_close(&own);
	return is;
}
