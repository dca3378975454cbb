/* SPDX-License-Identifier: ISC */
/*
 * Parses a source network.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "traffic/plan.h"

int
steer_net_parse(struct steer_net *net, const char *text)
{
	char host[INET6_ADDRSTRLEN];
	const char *slash = strchr(text, '/'), *p;
	size_t n = slash == NULL ? strlen(text) : (size_t)(slash - text);
	unsigned int most, bits = 0;

	memset(net, 0, sizeof(*net));
	if (n >= sizeof(host))
		goto invalid;
	memcpy(host, text, n);
	host[n] = '\0';
	net->family = strchr(host, ':') == NULL ? AF_INET : AF_INET6;
	if (inet_pton(net->family, host, net->address) != 1)
		goto invalid;
	most = net->family == AF_INET ? 32 : 128;
	if (slash == NULL) {
		net->bits = most;
		return 0;
	}
	for (p = slash + 1; *p >= '0' && *p <= '9' && bits <= most; p++)
		bits = bits * 10 + (unsigned int)(*p - '0');
	if (p == slash + 1 || *p != '\0' || bits > most)
		goto invalid;
	net->bits = bits;
	return 0;
invalid:
	errno = EINVAL;
	return -1;
}
