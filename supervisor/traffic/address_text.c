/* SPDX-License-Identifier: ISC */
/*
 * Addresses as text.  Nothing is looked up but the names of network devices.
 */
#include "traffic/address.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNIX_HEAD     offsetof(struct sockaddr_un, sun_path)
#define UNIX_MAX      sizeof(((struct sockaddr_un *)NULL)->sun_path)
#define DEVICE_STRLEN (IF_NAMESIZE + 1)

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

static int
set_in4(struct address *a, struct in_addr host, unsigned int port)
{
	const struct sockaddr_in v4 = { .sin_family = AF_INET,
		.sin_addr = host,
		.sin_port = htons((uint16_t)port) };

	return address_set(a, a->type, (const void *)&v4, sizeof(v4));
}

static int
parse_in6(struct address *a, const char *host, unsigned int port)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
		.sin6_port = htons((uint16_t)port) };

	if (inet_pton(AF_INET6, host, &v6.sin6_addr) != 1)
		return -1;
	return address_set(a, a->type, (const void *)&v6, sizeof(v6));
}

/* Cut `%eth0` or `%2` off, which names a device.  -1 if there is none. */
static int
cut_device(char *host, unsigned int *device)
{
	char *name = strchr(host, '%');

	*device = 0;
	if (name == NULL)
		return 0;
	*name++ = '\0';
	*device = if_nametoindex(name);
	if (*device == 0)
		*device = (unsigned int)strtoul(name, NULL, 10);
	return *device != 0 ? 0 : -1;
}

static int
parse_inet(struct address *a, const char *text, const char **why)
{
	char host[INET6_ADDRSTRLEN + IF_NAMESIZE + 2];
	struct in_addr v4 = { .s_addr = htonl(INADDR_ANY) };
	const char *colon, *port_text;
	unsigned int port, device;
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
		if (cut_device(host + 1, &device) == -1 ||
		    parse_in6(a, host + 1, port) == -1)
			return -1;
	} else if (cut_device(host, &device) == -1 ||
	    (n > 0 && inet_pton(AF_INET, host, &v4) != 1) ||
	    set_in4(a, v4, port) == -1)
		return -1;
	address_set_device(a, device);
	return 0;
}

/* A path, or an abstract name, which begins with NUL. */
static int
set_un(struct address *a, const char *name, size_t len)
{
	struct sockaddr_un path = { .sun_family = AF_UNIX };

	memcpy(path.sun_path, name, len);
	return address_set(
	    a, a->type, (const void *)&path, (socklen_t)(UNIX_HEAD + len));
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
	return set_un(a, name, n);
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
	return set_un(a, text, n);
}

static void
format_abstract(const struct address *a, char *buf, size_t size)
{
	const struct sockaddr_un *un = (const void *)&a->storage;
	size_t i, n = 0, len = a->len - UNIX_HEAD;
	unsigned char c;

	n += (size_t)snprintf(buf, size, "@");
	for (i = 1; i < len; i++) {
		c = (unsigned char)un->sun_path[i];
		n += (size_t)snprintf(buf + n, size - n,
		    isascii(c) && isgraph(c) && c != '\\' ? "%c" : "\\x%02x",
		    c);
	}
}

/* `%eth0`, or by its number once it has gone; "" for none. */
static void
format_device(unsigned int index, char buf[static DEVICE_STRLEN])
{
	char name[IF_NAMESIZE];

	buf[0] = '\0';
	if (index == 0)
		return;
	if (if_indextoname(index, name) != NULL)
		snprintf(buf, DEVICE_STRLEN, "%%%s", name);
	else
		snprintf(buf, DEVICE_STRLEN, "%%%u", index);
}

void
address_format(const struct address *a, char buf[static ADDRESS_STRLEN])
{
	const struct sockaddr_in *v4 = (const void *)&a->storage;
	const struct sockaddr_in6 *v6 = (const void *)&a->storage;
	const struct sockaddr_un *un = (const void *)&a->storage;
	char host[INET6_ADDRSTRLEN], device[DEVICE_STRLEN];
	size_t n = 0, size = ADDRESS_STRLEN;

	if (a->type == SOCK_DGRAM)
		n = (size_t)snprintf(buf, size, "udp:");
	switch (a->sa.sa_family) {
	case AF_INET:
		inet_ntop(AF_INET, &v4->sin_addr, host, sizeof(host));
		format_device(a->device, device);
		snprintf(buf + n, size - n, "%s%s:%u", host, device,
		    address_port(a));
		break;
	case AF_INET6:
		inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof(host));
		format_device(a->device, device);
		if (v6->sin6_scope_id != 0)
			snprintf(
			    device, sizeof(device), "%%%u", v6->sin6_scope_id);
		snprintf(buf + n, size - n, "[%s%s]:%u", host, device,
		    address_port(a));
		break;
	default:
		if (address_kind(a) == ADDRESS_ABSTRACT)
			format_abstract(a, buf + n, size - n);
		else
			snprintf(buf + n, size - n, "%s", un->sun_path);
	}
}
