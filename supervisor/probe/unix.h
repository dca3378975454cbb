/* SPDX-License-Identifier: ISC */
/*
 * The connection of a unix: check, which is made before all rights are given
 * up.
 */
#ifndef PROBE_UNIX_H
#define PROBE_UNIX_H

#include "probe/check.h"

/* Connect check->sock.  -1 with the verdict set. */
int unix_connect(struct check *, struct verdict *);

#endif
