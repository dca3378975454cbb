/* SPDX-License-Identifier: ISC */
/*
 * Asking a service for its status without telling anybody of a failure: for
 * those who ask many services, of which some may not answer.
 */
#ifndef CLI_SURVEY_H
#define CLI_SURVEY_H

#include <jansson.h>
#include <stdint.h>

/*
 * The status of a service, *new*; NULL if no supervisor runs.  Of a supervisor
 * that runs and has not answered within this time, the status is its name
 * alone: the user may be looking for it.
 */
json_t *survey_one(const char *name, int64_t ms);

#endif
