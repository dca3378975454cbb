/* SPDX-License-Identifier: ISC */
/*
 * The addresses of a check's host, found before the prober is cut off from
 * the files and services by which names are resolved.
 */
#ifndef PROBE_RESOLVE_H
#define PROBE_RESOLVE_H

#include "probe/session.h"

/*
 * Let libcurl know them, of the source's family if there is a source, and
 * confine the process to the network, or to check->sock if that is connected
 * already.  A host that is an address is not
 * looked up.  -1 with the verdict set; where the check's time passes
 * meanwhile, this is said and the process ends.
 */
int resolve_host(struct session *, struct verdict *);

#endif
