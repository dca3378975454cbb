/* SPDX-License-Identifier: ISC */
/*
 * The service's life: its parts are made, the loop runs, its parts are freed.
 */
#ifndef SERVICE_RUN_H
#define SERVICE_RUN_H

#include <jansson.h>

struct service;

/*
 * Supervise until the service ends: what a predecessor has left, or else what
 * first, borrowed, says (service/recovery.h).  Returns an exit status of
 * hotswap(1).
 */
int run_service(const json_t *first);

/*
 * Prepare a service that is all zero for its first part to be made or restored;
 * nothing runs yet.  -1 with errno.
 */
int run_prepare(struct service *);

#endif
