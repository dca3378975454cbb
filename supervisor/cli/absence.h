/* SPDX-License-Identifier: ISC */
/*
 * What is so of a service whose supervisor does not answer: whether there is
 * one, who holds on in its place, and what there is to be done.
 */
#ifndef CLI_ABSENCE_H
#define CLI_ABSENCE_H

#include <stdbool.h>

#include "base/status.h"

/* Somebody holds the service's name: what has died may have a successor. */
bool absence_is_held(const char *name);

/* Somebody holds the service, and there is no supervisor just now. */
bool absence_is_so(const char *name);

/*
 * Tell it.  False, and nothing is told: nobody of this name is there, or it
 * cannot be found out.
 */
bool absence_tell(const char *name, enum exit_status *);

#endif
