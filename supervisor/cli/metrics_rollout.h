/* SPDX-License-Identifier: ISC */
/*
 * The metrics of rollouts: each function prints the samples of one metric.
 */
#ifndef CLI_METRICS_ROLLOUT_H
#define CLI_METRICS_ROLLOUT_H

#include <jansson.h>
#include <stdio.h>

struct metric;

typedef void metrics_rollout_print(
    FILE *, const struct metric *, const json_t *status);

/* Of the rollout that is under way. */
metrics_rollout_print metrics_rollout_share, metrics_rollout_state,
    metrics_rollout_left;

/* Of that one, or else the last; of the last one. */
metrics_rollout_print metrics_rollout_started;
metrics_rollout_print metrics_rollout_ended, metrics_rollout_took;

/* Of all that have ended. */
metrics_rollout_print metrics_rollout_count, metrics_rollout_time;

#endif
