/* SPDX-License-Identifier: ISC */
/*
 * How a rollout went, as --json and the history show it.
 */
#include "rollout/outcome.h"

#include <errno.h>
#include <string.h>

#include "core/events.h"
#include "core/rollout.h"
#include "core/service.h"
#include "core/state.h"
#include "generation/generations.h"
#include "generation/steering.h"

#define PHASES_MAX 1000 /* shares set by hand are not limited */

static const char *const result_names[] = {
	[OUTCOME_PROMOTED] = "promoted",
	[OUTCOME_ABORTED] = "aborted",
	[OUTCOME_ROLLED_BACK] = "rolled-back",
};

void
outcome_begin(struct release *release)
{
	clock_stamp(release->started);
	release->untold = true;
	release->inherited = false;
	release->began_ms = release->phase_ms = clock_ms();
	json_decref(release->phases);
	release->phases = json_array();
	release->lost = false;
	/* The last rollout's values must not get into the checkpoint. */
	release->rollout.met_users = release->rollout.alone = false;
}

/* No room for another phase: add the time to the last one. */
static void
lengthen_last(json_t *phases, json_int_t ms)
{
	json_t *last = json_array_get(phases, PHASES_MAX - 1);
	json_t *sum = json_object_get(last, "ms");

	json_integer_set(sum, json_integer_value(sum) + ms);
}

void
outcome_phase_ended(struct release *release, const struct rollout *before)
{
	const char *name = rollout_phase_name(before->state);
	int64_t now = clock_ms();
	json_int_t ms = now - release->phase_ms;
	json_t *phase;

	release->phase_ms = now;
	if (name == NULL)
		return;
	if (json_array_size(release->phases) >= PHASES_MAX) {
		lengthen_last(release->phases, ms);
		return;
	}
	phase = json_pack("{ss sI}", "phase", name, "ms", ms);
	if (before->state == ROLLOUT_SHIFTING)
		json_object_set_new(
		    phase, "share", json_integer(before->share));
	json_array_append_new(release->phases, phase);
}

void
outcome_pause_ended(struct service *service, int64_t ms)
{
	json_array_append_new(service->release.phases,
	    json_pack("{ss sI}", "phase", "pause", "ms", (json_int_t)ms));
	service->pauses.count++;
	service->pauses.last_ms = ms;
	service->pauses.total_ms += ms;
}

json_t *
outcome_find(const struct service *service, const char *id)
{
	return journal_find(service->journal, "id", id);
}

/*
 * Did a predecessor write the outcome, and die before the checkpoint said so?
 */
static bool
is_written(const struct service *service)
{
	const struct release *release = &service->release;
	json_t *found;

	if (!release->inherited)
		return false;
	found = journal_find(service->journal, "started", release->started);
	json_decref(found);
	return found != NULL;
}

/*
 * Connections and datagrams that the newer of the two generations has been
 * given in its life: how many users have met the version that was rolled out,
 * or taken back.
 */
static json_int_t
count_met(struct service *service)
{
	const struct release *release = &service->release;
	const struct generation *newer = generation_find(
	    service, release->from > release->to ? release->from : release->to);

	return newer != NULL ? (json_int_t)steering_given(newer) : 0;
}

/* What the status shows of it. */
static void
keep_last(struct service *service, const json_t *outcome)
{
	static const char *const keys[] = { "result", "from", "to", "reason",
		"started", "duration_ms" };
	json_t *last = json_object();
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		json_object_set(
		    last, keys[i], json_object_get(outcome, keys[i]));
	json_decref(service->last);
	service->last = last;
}

void
outcome_tell(
    struct service *service, enum outcome_result result, const char *why)
{
	struct release *release = &service->release;
	const struct generation *serving =
	    release->lost ? NULL : service->active;
	int64_t took = clock_ms() - release->began_ms;
	json_t *outcome;

	release->untold = false;
	if (release->kind == RELEASE_FIRST)
		return;
	outcome = json_pack("{ss ss si si si ss ss sI sO sI ss*}", "result",
	    result_names[result], "name", service->options->name, "from",
	    (int)release->from, "to", (int)release->to, "serves",
	    serving != NULL ? (int)serving->number : 0, "reason",
	    why != NULL ? why : "", "started", release->started, "duration_ms",
	    (json_int_t)took, "phases", release->phases, "given",
	    count_met(service), "id",
	    release->id[0] != '\0' ? release->id : NULL);
	if (outcome == NULL)
		return;
	service->outcomes[result]++;
	service->outcomes_ms[result] += took;
	keep_last(service, outcome);
	if (!is_written(service) &&
	    journal_append(service->journal, json_incref(outcome)) == -1)
		events_emit(service, "warning", NULL,
		    "warning: history: the outcome cannot be written yet: %s",
		    strerror(errno));
	state_commit(service);
	events_outcome(service, outcome);
}
