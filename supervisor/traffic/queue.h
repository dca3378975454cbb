/* SPDX-License-Identifier: ISC */
/*
 * The length of a socket's queue: connections in an accept queue, or bytes of
 * datagrams.
 */
#ifndef TRAFFIC_QUEUE_H
#define TRAFFIC_QUEUE_H

#include <stdbool.h>

/* The length; -1 with errno if the kernel does not tell. */
int queue_length(int fd);

/*
 * Wait until a shutdown(2) of a TCP socket that another process has begun has
 * ended.  While it lasts, the socket has left its group, and still says that it
 * listens.
 */
void queue_await_shutdown(int fd);

/* Does this TCP socket listen?  Then it is in its group. */
bool queue_is_open(int fd);

/*
 * Is it known that this TCP socket does not listen any more, or is there none,
 * -1?  A socket that the kernel tells nothing about stays where it is.
 */
bool queue_is_closed(int fd);

#endif
