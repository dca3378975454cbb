/* SPDX-License-Identifier: ISC */
/*
 * What waits in a socket: connections in an accept queue, or bytes of
 * datagrams.
 */
#ifndef TRAFFIC_QUEUE_H
#define TRAFFIC_QUEUE_H

#include <stdbool.h>

/* -1 with errno if the kernel does not tell. */
int queue_length(int fd);

/* A TCP socket that listens, and so is in its group. */
bool queue_is_open(int fd);

#endif
