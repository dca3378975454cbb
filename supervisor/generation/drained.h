/* SPDX-License-Identifier: ISC */
/*
 * What is told of a generation as it has drained, before it is stopped.
 */
#ifndef GENERATION_DRAINED_H
#define GENERATION_DRAINED_H

#include <stdbool.h>

struct generation;

/*
 * It has so many connections left at the end of its time; -1: they cannot be
 * counted, for this errno.
 */
void drained_tell(struct generation *, int connections, int error);

/*
 * Is no process left that could take what waits in its queues, so many
 * connections or datagrams?  If so, that is told.
 */
bool drained_is_deserted(struct generation *, int queued);

#endif
