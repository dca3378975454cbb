/* SPDX-License-Identifier: ISC */
/*
 * The source address of a check, as text.
 */
#include "probe/source.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define PORT_MAX 65535

/* The port at the beginning of text, and its end; -1 if there is none. */
static long
port_parse(const char *text, char **end)
{
	long port;

	if (!isdigit((unsigned char)text[0]))
		return -1;
	port = strtol(text, end, 10);
	return port >= 1 && port <= PORT_MAX ? port : -1;
}

/* PORT or PORT-PORT */
static int
ports_parse(struct source *source, const char *text)
{
	char *end;
	long last;

	if ((source->port = last = port_parse(text, &end)) == -1)
		return -1;
	if (*end == '-' && (last = port_parse(end + 1, &end)) == -1)
		return -1;
	if (*end != '\0' || last < source->port)
		return -1;
	source->ports = last - source->port + 1;
	return 0;
}

/* Split text into host and ports; *ports is NULL if there are none. */
static int
split(const char *text, char *host, size_t size, const char **ports)
{
	const char *end;
	size_t len;

	if (*text == '[') {
		text++;
		if ((end = strchr(text, ']')) == NULL ||
		    (end[1] != '\0' && end[1] != ':'))
			return -1;
		*ports = end[1] == ':' ? end + 2 : NULL;
	} else if ((end = strchr(text, ':')) != NULL &&
	    strchr(end + 1, ':') == NULL) {
		*ports = end + 1;
	} else {
		end = text + strlen(text);
		*ports = NULL;
	}
	if ((len = end - text) >= size)
		return -1;
	memcpy(host, text, len);
	host[len] = '\0';
	return 0;
}

int
source_parse(struct source *source, const char *text)
{
	unsigned char address[sizeof(struct in6_addr)];
	const char *ports;

	memset(source, 0, sizeof(*source));
	if (split(text, source->host, sizeof(source->host), &ports) == -1)
		return -1;
	if (inet_pton(AF_INET, source->host, address) == 1)
		source->family = AF_INET;
	else if (inet_pton(AF_INET6, source->host, address) == 1)
		source->family = AF_INET6;
	else
		return -1;
	return ports == NULL ? 0 : ports_parse(source, ports);
}
