/* SPDX-License-Identifier: ISC */
/*
 * An HTTP request over a session that is set up, however it connects.
 */
#ifndef PROBE_HTTP_H
#define PROBE_HTTP_H

#include "probe/session.h"

/* GET, and judge the answer. */
void http_check(struct session *, struct verdict *);

#endif
