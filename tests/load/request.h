/* SPDX-License-Identifier: ISC */
/*
 * The requests of the load client.
 */
#ifndef LOAD_REQUEST_H
#define LOAD_REQUEST_H

#include "options.h"
#include "tally.h"

#define REQUEST_MAX 1024

/* The request of a kind, also for a datagram; returns its length. */
size_t request_write(
    const struct options *, enum kind, char request[static REQUEST_MAX]);

#endif
