/* SPDX-License-Identifier: ISC */
/*
 * Addresses as text and as the kernel has them.  Every struct address has one
 * form (unused bytes are zero, and the length depends on the meaning alone), so
 * that equal addresses have equal bytes.
 */
#include "traffic/address.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNIX_HEAD offsetof(struct sockaddr_un, sun_path)
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

static int
parse_port(const char *text, unsigned int *port)
{
	unsigned int n = 0;
	const char *p;

	for (p = text; isdigit((unsigned char)*p) && n <= 65535; p++)
		n = n * 10 + (unsigned int)(*p - '0');
	if (p == text || *p != '\0' || n > 65535)
		return -1;
	*port = n;
	return 0;
}

/* `fe80::1%eth0` and `fe80::1%2` name an interface, ipv6(7). */
static int
parse_in6(struct address *a, char *host, unsigned int port)
{
	struct in6_addr addr;
	char *scope;
	unsigned int id = 0;

	scope = strchr(host, '%');
	if (scope != NULL) {
		*scope++ = '\0';
		id = if_nametoindex(scope);
		if (id == 0)
			id = (unsigned int)strtoul(scope, NULL, 10);
	}
	if (inet_pton(AF_INET6, host, &addr) != 1)
		return -1;
	if (scope != NULL && (id == 0 || !IN6_IS_ADDR_LINKLOCAL(&addr)))
		return -1;
	set_in6(a, &addr, port);
	in6(a)->sin6_scope_id = id;
	return 0;
}

static int
parse_inet(struct address *a, const char *text, const char **why)
{
	char host[INET6_ADDRSTRLEN + IF_NAMESIZE + 2];
	struct in_addr v4 = { .s_addr = htonl(INADDR_ANY) };
	const char *colon, *port_text;
	unsigned int port;
	size_t n;

	colon = strrchr(text, ':');
	port_text = colon == NULL ? text : colon + 1;
	n = colon == NULL ? 0 : (size_t)(colon - text);
	*why = "not a port (0 to 65535)";
	if (parse_port(port_text, &port) == -1)
		return -1;
	*why = "not a numeric address ([...] for IPv6)";
	if (n >= sizeof(host) || (colon != NULL && n == 0))
		return -1;
	memcpy(host, text, n);
	host[n] = '\0';
	if (host[0] == '[' && host[n - 1] == ']') {
		host[n - 1] = '\0';
		return parse_in6(a, host + 1, port);
	}
	if (n > 0 && inet_pton(AF_INET, host, &v4) != 1)
		return -1;
	set_in4(a, ntohl(v4.s_addr), port);
	return 0;
}

/* An abstract name may have any byte; `\xHH` is one that is not graphic. */
static int
parse_abstract(struct address *a, const char *text, const char **why)
{
	char name[UNIX_MAX] = "", hex[3] = "";
	size_t n = 1;

	for (; *text != '\0'; n++) {
		*why = "the name is too long";
		if (n == sizeof(name))
			return -1;
		if (*text != '\\') {
			name[n] = *text++;
			continue;
		}
		*why = "not an escape (\\x and two hexadecimal digits)";
		if (text[1] != 'x' || !isxdigit((unsigned char)text[2]) ||
		    !isxdigit((unsigned char)text[3]))
			return -1;
		memcpy(hex, text + 2, 2);
		name[n] = (char)strtoul(hex, NULL, 16);
		text += 4;
	}
	*why = "the name is empty";
	if (n == 1)
		return -1;
	set_un(a, name, n);
	return 0;
}

int
address_parse(struct address *a, const char *text, const char **why)
{
	size_t n;

	a->type = SOCK_STREAM;
	if (strncmp(text, "udp:", 4) == 0) {
		a->type = SOCK_DGRAM;
		text += 4;
	}
	if (text[0] == '@')
		return parse_abstract(a, text + 1, why);
	if (text[0] != '/')
		return parse_inet(a, text, why);
	n = strlen(text);
	*why = "the path is too long";
	if (n >= UNIX_MAX)
		return -1;
	set_un(a, text, n);
	return 0;
}

static void
format_abstract(const struct address *a, char *buf, size_t size)
{
	size_t i, n = 0, len = a->len - UNIX_HEAD;
	unsigned char c;

	n += (size_t)snprintf(buf, size, "@");
	for (i = 1; i < len; i++) {
		c = (unsigned char)un(a)->sun_path[i];
		n += (size_t)snprintf(buf + n, size - n,
		    isascii(c) && isgraph(c) && c != '\\' ? "%c" : "\\x%02x",
		    c);
	}
}

void
address_format(const struct address *a, char buf[static ADDRESS_STRLEN])
{
	char host[INET6_ADDRSTRLEN], scope[16] = "";
	size_t n = 0, size = ADDRESS_STRLEN;

	if (a->type == SOCK_DGRAM)
		n = (size_t)snprintf(buf, size, "udp:");
	switch (a->sa.sa_family) {
	case AF_INET:
		inet_ntop(AF_INET, &in4(a)->sin_addr, host, sizeof(host));
		snprintf(buf + n, size - n, "%s:%u", host, address_port(a));
		break;
	case AF_INET6:
		inet_ntop(AF_INET6, &in6(a)->sin6_addr, host, sizeof(host));
		if (in6(a)->sin6_scope_id != 0)
			snprintf(scope, sizeof(scope), "%%%u",
			    in6(a)->sin6_scope_id);
		snprintf(buf + n, size - n, "[%s%s]:%u", host, scope,
		    address_port(a));
		break;
	default:
		if (address_kind(a) == ADDRESS_ABSTRACT)
			format_abstract(a, buf + n, size - n);
		else
			snprintf(buf + n, size - n, "%s", un(a)->sun_path);
	}
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
	return a->type == b->type && a->len == b->len &&
	    memcmp(&a->storage, &b->storage, a->len) == 0;
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
	    address_port(a) != address_port(b))
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

int
address_directed(const struct address *listening, bool v6only,
    unsigned int generation, unsigned int n, struct address *source)
{
	unsigned int port;
	in_addr_t host;

	if (address_kind(listening) != ADDRESS_INET) {
		errno = EAFNOSUPPORT;
		return -1;
	}
	source->type = listening->type;
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
