/* SPDX-License-Identifier: ISC */
/*
 * The present state of the service, as `hotswap status --json` prints it.
 */
#ifndef CONTROL_STATUS_H
#define CONTROL_STATUS_H

#include <jansson.h>

struct service;

/* *New*; NULL if there is no memory. */
json_t *status_json(struct service *);

#endif
