/* SPDX-License-Identifier: ISC */
/*
 * The requests of the load client.
 */
#include "request.h"

#include <stdio.h>
#include <string.h>

size_t
request_write(
    const struct options *o, enum kind kind, char request[static REQUEST_MAX])
{
	const char *path = o->path;
	char slow[32];

	if (o->send.data != NULL) {
		memcpy(request, o->send.data, o->send.len);
		return o->send.len;
	}
	if (kind == KIND_SLOW) {
		snprintf(slow, sizeof(slow), "/slow?ms=%lld",
		    (long long)(o->slow_ns / 1000000));
		path = slow;
	}
	return (size_t)snprintf(request, REQUEST_MAX,
	    "GET %s HTTP/1.1\r\nHost: %s\r\n%s\r\n", path,
	    o->to.sa.sa_family == AF_UNIX ? "localhost" : o->target,
	    kind == KIND_KEPT ? "" : "Connection: close\r\n");
}
