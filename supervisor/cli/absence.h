/* SPDX-License-Identifier: ISC */
/*
 * What the command tells of a service whose supervisor does not answer: whether
 * the supervisor lives, which process holds the service's sockets in its place,
 * and what the user can do.
 */
#ifndef CLI_ABSENCE_H
#define CLI_ABSENCE_H

#include <stdbool.h>

#include "base/status.h"

/*
 * A process holds the service's name.  A supervisor that has died may have a
 * successor.
 */
bool absence_is_held(const char *name);

/* A process holds the service's lock, but no supervisor of the service runs. */
bool absence_is_so(const char *name);

/*
 * Tell the user why the supervisor does not answer, with the exit status for
 * it.  False if nobody of this name is there, or if the reason cannot be found
 * out; then nothing is told.
 */
bool absence_tell(const char *name, enum exit_status *);

#endif
