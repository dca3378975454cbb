/* SPDX-License-Identifier: ISC */
/*
 * The asker: a child that makes the page of the exporter.  It has the rights to
 * talk to the services, and reads nothing that comes from the network; the
 * process that does so has no such rights, exporter/confine.h.
 */
#ifndef EXPORTER_ASKER_H
#define EXPORTER_ASKER_H

#include <event2/buffer.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* Print the page, in the child; false, after telling why, if that fails. */
typedef bool asker_print(FILE *);

/*
 * Start the child.  *fd is *new*: a byte that is written to it asks for a page;
 * the child ends when it is closed.  -1 with errno.
 */
pid_t asker_start(asker_print *, int *fd);

/*
 * Take a whole answer off what was read from the descriptor, and move its page
 * to body.  The HTTP status, 0 if more bytes are needed.
 */
unsigned int asker_take(struct evbuffer *in, struct evbuffer *body);

#endif
