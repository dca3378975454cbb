/* SPDX-License-Identifier: ISC */
/*
 * The source of a check.
 */
#include "generation/check_source.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/service.h"
#include "traffic/address.h"

unsigned int
check_port(const char *check)
{
	const char *host = strstr(check, "://"), *colon;

	if (strncmp(check, "exec:", 5) == 0 || host == NULL)
		return 0;
	host += 3;
	if (*host == '[' && (colon = strchr(host, ']')) != NULL)
		host = colon + 1;
	colon = host + strcspn(host, ":/");
	if (*colon == ':')
		return (unsigned int)strtoul(colon + 1, NULL, 10);
	if (strncmp(check, "http://", 7) == 0)
		return 80;
	return strncmp(check, "https://", 8) == 0 ? 443 : 0;
}

/* Does only IPv6 reach the address of this check? */
static bool
needs_ipv6(const struct service *service, const char *check)
{
	const char *host = strstr(check, "://");
	unsigned int port = check_port(check);
	size_t i;

	if (host != NULL && host[3] == '[')
		return true;
	for (i = 0; i < service->nlisteners; i++) {
		if (port != 0 && listener_v6only(service->listeners[i]) &&
		    address_port(listener_address(service->listeners[i])) ==
			port)
			return true;
	}
	return false;
}

void
check_source(const struct generation *generation, const char *check,
    char source[static CHECK_SOURCE])
{
	unsigned int number = generation->number, port;

	if (!needs_ipv6(generation->service, check)) {
		snprintf(source, CHECK_SOURCE, "127.83.%u.%u",
		    number >> 8 & 255, number & 255);
		return;
	}
	port = STEER_PORT_BASE + number % STEER_PORT_SLOTS * STEER_PORTS;
	snprintf(
	    source, CHECK_SOURCE, "[::1]:%u-%u", port, port + STEER_PORTS - 1);
}
