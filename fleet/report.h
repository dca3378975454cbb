/* SPDX-License-Identifier: ISC */
/*
 * The page about one rollout of the fleet.
 */
#ifndef FLEET_REPORT_H
#define FLEET_REPORT_H

#include <jansson.h>
#include <stdio.h>

/*
 * Write the page about an outcome, tally_outcome.  of is the rollout's record
 * as it is in the store, with how it was to go; NULL for one that others have
 * followed.
 */
void report_fleet(
    FILE *, const char *service, const json_t *outcome, const json_t *of);

#endif
