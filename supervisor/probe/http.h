/* SPDX-License-Identifier: ISC */
/*
 * An HTTP request over a session, whatever its connection is.
 */
#ifndef PROBE_HTTP_H
#define PROBE_HTTP_H

#include "probe/session.h"

/* Send a GET and judge the answer. */
void http_check(struct session *, struct verdict *);

#endif
