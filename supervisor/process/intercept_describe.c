/* SPDX-License-Identifier: ISC */
/*
 * What a call of a wrapped program means: its socket, its address, and whether
 * the owner is asked about it.
 */
#include "process/intercept_describe.h"

#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/un.h>

#include "base/sockopt.h"
#include "process/intercept_backend.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

/* Ask the socket itself.  -1 if it is no socket. */
static int
describe_socket(struct intercept_pending *pending)
{
	struct intercept_call *call = &pending->call;

	call->family = sockopt_get(call->fd, SOL_SOCKET, SO_DOMAIN);
	call->type = sockopt_get(call->fd, SOL_SOCKET, SO_TYPE);
	call->protocol = sockopt_get(call->fd, SOL_SOCKET, SO_PROTOCOL);
	call->cookie = sockopt_cookie(call->fd);
	if (call->family == -1)
		return -1;
	if (call->kind != INTERCEPT_LISTEN)
		return 0; /* the program gave the address */
	call->len = sizeof(pending->storage);
	return getsockname(
	    call->fd, (struct sockaddr *)&pending->storage, &call->len);
}

/* Is the address the program's own: complete, no port 0, no autobind? */
static bool
has_address(const struct intercept_pending *pending)
{
	const struct sockaddr_storage *storage = &pending->storage;
	socklen_t len = pending->call.len;

	if (len < sizeof(sa_family_t) ||
	    storage->ss_family != pending->call.family)
		return false;
	switch (storage->ss_family) {
	case AF_INET:
		return len >= sizeof(struct sockaddr_in) &&
		    ((const struct sockaddr_in *)storage)->sin_port != 0;
	case AF_INET6:
		return len >= offsetof(struct sockaddr_in6, sin6_scope_id) &&
		    ((const struct sockaddr_in6 *)storage)->sin6_port != 0;
	case AF_UNIX:
		return len > offsetof(struct sockaddr_un, sun_path) &&
		    len <= sizeof(struct sockaddr_un);
	default:
		return false;
	}
}

static bool
has_protocol(const struct intercept_call *call)
{
	if (call->type == SOCK_STREAM)
		return call->family == AF_UNIX ||
		    call->protocol == IPPROTO_TCP ||
		    call->protocol == IPPROTO_MPTCP;
	return call->type == SOCK_DGRAM &&
	    (call->family == AF_UNIX || call->protocol == IPPROTO_UDP);
}

/* The path of a Unix socket that has one; sun_path may have no NUL. */
static int
describe_path(struct intercept_pending *pending)
{
	const struct sockaddr_un *address =
	    (const struct sockaddr_un *)&pending->storage;
	size_t len = pending->call.len - offsetof(struct sockaddr_un, sun_path);
	char path[sizeof(address->sun_path) + 1];

	if (address->sun_family != AF_UNIX || address->sun_path[0] == '\0')
		return 0;
	memcpy(path, address->sun_path, len);
	path[len] = '\0';
	pending->path = strdup(path);
	return pending->path == NULL ? -1 : 0;
}

/* Setting SO_REUSEPORT changes nothing: a listener's socket has it set. */
static bool
takes_away(const struct intercept_pending *pending)
{
	int value = 0;

	if (pending->call.option != SO_REUSEPORT)
		return true;
	if (pending->call.len < sizeof(value))
		return false;
	memcpy(&value, &pending->storage, sizeof(value));
	return value == 0;
}

bool
intercept_describe(struct intercept_pending *pending)
{
	struct intercept_call *call = &pending->call;

	if (call->kind == INTERCEPT_UNLINK) {
		call->path = pending->path;
		return true;
	}
	if (call->kind == INTERCEPT_OPTION)
		return takes_away(pending) && describe_socket(pending) == 0 &&
		    call->family != AF_UNIX && has_protocol(call);
	if (describe_socket(pending) == -1 || !has_address(pending) ||
	    !has_protocol(call) || describe_path(pending) == -1)
		return false;
	call->path = pending->path;
	return true;
}
