/* SPDX-License-Identifier: ISC */
/*
 * Addresses as the kernel has them.  Every struct address has one form (unused
 * bytes are zero, and the length depends on the meaning alone), so that equal
 * addresses have equal bytes.
 */
#include "traffic/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

#define UNIX_HEAD offsetof(struct sockaddr_un, sun_path)
#define LOOPBACK  1u /* the index of lo in every network namespace */
#define UNIX_MAX  sizeof(((struct sockaddr_un *)NULL)->sun_path)

static struct sockaddr_in *
in4(const struct address *a)
{
	return (struct sockaddr_in *)&a->storage;
}

static struct sockaddr_in6 *
in6(const struct address *a)
{
	return (struct sockaddr_in6 *)&a->storage;
}

static struct sockaddr_un *
un(const struct address *a)
{
	return (struct sockaddr_un *)&a->storage;
}

static void
set_in4(struct address *a, in_addr_t host, unsigned int port)
{
	memset(&a->storage, 0, sizeof(a->storage));
	a->len = sizeof(struct sockaddr_in);
	in4(a)->sin_family = AF_INET;
	in4(a)->sin_addr.s_addr = htonl(host);
	in4(a)->sin_port = htons(port);
}

static void
set_in6(struct address *a, const struct in6_addr *host, unsigned int port)
{
	memset(&a->storage, 0, sizeof(a->storage));
	a->len = sizeof(struct sockaddr_in6);
	in6(a)->sin6_family = AF_INET6;
	in6(a)->sin6_addr = *host;
	in6(a)->sin6_port = htons(port);
}

/* Set a path; an abstract name begins with NUL. */
static void
set_un(struct address *a, const char *name, size_t len)
{
	memset(&a->storage, 0, sizeof(a->storage));
	a->len = UNIX_HEAD + len + (name[0] != '\0');
	un(a)->sun_family = AF_UNIX;
	memcpy(un(a)->sun_path, name, len);
}

static int
set_from_un(struct address *a, const char *name, socklen_t len)
{
	size_t n;

	if (len <= UNIX_HEAD) /* unnamed, unix(7) */
		return -1;
	n = len - UNIX_HEAD;
	if (name[0] != '\0')
		n = strnlen(name, n);
	if (n + (name[0] != '\0') > UNIX_MAX)
		return -1;
	set_un(a, name, n);
	return 0;
}

int
address_set(
    struct address *a, int type, const struct sockaddr *sa, socklen_t len)
{
	const struct sockaddr_in *v4 = (const void *)sa;
	const struct sockaddr_in6 *v6 = (const void *)sa;
	const struct sockaddr_un *path = (const void *)sa;

	if (len < sizeof(sa_family_t) || len > sizeof(a->storage) ||
	    (type != SOCK_STREAM && type != SOCK_DGRAM))
		goto invalid;
	a->type = type;
	a->device = 0;
	switch (sa->sa_family) {
	case AF_INET:
		if (len < sizeof(*v4))
			goto invalid;
		set_in4(a, ntohl(v4->sin_addr.s_addr), ntohs(v4->sin_port));
		return 0;
	case AF_INET6:
		if (len < sizeof(*v6))
			goto invalid;
		set_in6(a, &v6->sin6_addr, ntohs(v6->sin6_port));
		if (IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr))
			in6(a)->sin6_scope_id = v6->sin6_scope_id;
		return 0;
	case AF_UNIX:
		if (set_from_un(a, path->sun_path, len) == -1)
			goto invalid;
		return 0;
	default:
		errno = EAFNOSUPPORT;
		return -1;
	}
invalid:
	errno = EINVAL;
	return -1;
}

void
address_set_device(struct address *a, unsigned int device)
{
	if (address_kind(a) != ADDRESS_INET)
		return;
	if (a->sa.sa_family != AF_INET6 ||
	    !IN6_IS_ADDR_LINKLOCAL(&in6(a)->sin6_addr))
		a->device = device;
	else if (in6(a)->sin6_scope_id == 0)
		in6(a)->sin6_scope_id = device;
}

enum address_kind
address_kind(const struct address *a)
{
	if (a->sa.sa_family != AF_UNIX)
		return ADDRESS_INET;
	return un(a)->sun_path[0] == '\0' ? ADDRESS_ABSTRACT : ADDRESS_UNIX;
}

bool
address_equal(const struct address *a, const struct address *b)
{
	return a->type == b->type && a->device == b->device &&
	    a->len == b->len && memcmp(&a->storage, &b->storage, a->len) == 0;
}

bool
address_is_wildcard(const struct address *a)
{
	if (a->sa.sa_family == AF_INET)
		return in4(a)->sin_addr.s_addr == htonl(INADDR_ANY);
	return a->sa.sa_family == AF_INET6 &&
	    IN6_IS_ADDR_UNSPECIFIED(&in6(a)->sin6_addr);
}

/* Is it an IPv4 address, or one that IPv6 maps? */
static bool
takes_in4(const struct address *a, in_addr_t *host)
{
	if (a->sa.sa_family == AF_INET) {
		*host = in4(a)->sin_addr.s_addr;
		return true;
	}
	if (!IN6_IS_ADDR_V4MAPPED(&in6(a)->sin6_addr))
		return false;
	memcpy(host, &in6(a)->sin6_addr.s6_addr[12], sizeof(*host));
	return true;
}

bool
address_overlaps(const struct address *a, const struct address *b)
{
	in_addr_t host_a, host_b;

	if (address_equal(a, b))
		return true;
	if (a->type != b->type || address_kind(a) != ADDRESS_INET ||
	    address_kind(b) != ADDRESS_INET ||
	    address_port(a) != address_port(b) ||
	    (a->device != 0 && b->device != 0 && a->device != b->device))
		return false;
	if (a->sa.sa_family == AF_INET6 && address_is_wildcard(a))
		return true;
	if (b->sa.sa_family == AF_INET6 && address_is_wildcard(b))
		return true;
	return takes_in4(a, &host_a) && takes_in4(b, &host_b) &&
	    (host_a == host_b || host_a == htonl(INADDR_ANY) ||
		host_b == htonl(INADDR_ANY));
}

unsigned int
address_port(const struct address *a)
{
	switch (a->sa.sa_family) {
	case AF_INET:
		return ntohs(in4(a)->sin_port);
	case AF_INET6:
		return ntohs(in6(a)->sin6_port);
	default:
		return 0;
	}
}

void
address_reach(const struct address *listening, struct address *reach)
{
	unsigned int port = address_port(listening);

	*reach = *listening;
	if (!address_is_wildcard(listening))
		return;
	if (listening->sa.sa_family == AF_INET)
		set_in4(reach, INADDR_LOOPBACK, port);
	else
		set_in6(reach, &in6addr_loopback, port);
}

/* A directed source is an address of the loopback device. */
static bool
is_remote(const struct address *a)
{
	return a->device != 0 && a->device != LOOPBACK;
}

int
address_directed(const struct address *listening, bool v6only,
    unsigned int generation, unsigned int n, struct address *source)
{
	unsigned int port;
	in_addr_t host;

	if (address_kind(listening) != ADDRESS_INET || is_remote(listening)) {
		errno = EAFNOSUPPORT;
		return -1;
	}
	source->type = listening->type;
	source->device = 0;
	if (takes_in4(listening, &host) ||
	    (address_is_wildcard(listening) && !v6only)) {
		if (n > 0)
			goto range;
		set_in4(source, STEER_NET | (generation & 0xffff), 0);
		return 0;
	}
	if (n >= STEER_PORTS)
		goto range;
	port = STEER_PORT_BASE + generation % STEER_PORT_SLOTS * STEER_PORTS;
	set_in6(source, &in6addr_loopback, port + n);
	return 0;
range:
	errno = ERANGE;
	return -1;
}

int
address_direct(const struct address *listening, bool v6only,
    unsigned int generation, unsigned int n, struct address *to,
    struct address *source)
{
	in_addr_t host;

	if (address_directed(listening, v6only, generation, n, source) == -1)
		return -1;
	address_reach(listening, to);
	if (source->sa.sa_family == to->sa.sa_family)
		return 0;
	if (!takes_in4(to, &host))
		host = htonl(INADDR_LOOPBACK);
	set_in4(to, ntohl(host), address_port(listening));
	return 0;
}
