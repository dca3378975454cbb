/* SPDX-License-Identifier: ISC */
/*
 * The answer of a gRPC health check: headers and trailers, one framed message,
 * and what both mean.  None of it can be trusted.  Uses no connection.
 */
#ifndef PROBE_GRPC_ANSWER_H
#define PROBE_GRPC_ANSWER_H

#include <stddef.h>

#include "probe/check.h"

#define GRPC_FRAME 5 /* bytes before a message: a flag and its length */

struct grpc_answer {
	long code; /* grpc-status; -1: there was none */
	char message[256];
	unsigned char body[1024];
	size_t len;
};

/* An empty answer. */
void grpc_answer_init(struct grpc_answer *);

/* Add one header or trailer, which has no NUL at its end. */
void grpc_take_header(struct grpc_answer *, const char *data, size_t len);

/* Add a part of the body.  -1 if the body is too long. */
int grpc_take_body(struct grpc_answer *, const void *data, size_t len);

/*
 * Does the answer say SERVING?  0; or -1 with the verdict set.  status is that
 * of HTTP, for a server that does not speak gRPC.
 */
int grpc_judge(const struct grpc_answer *, long status, struct verdict *);

#endif
