/* SPDX-License-Identifier: ISC */
/*
 * How a rollout went, as --json and the history show it.
 */
#include "rollout/outcome.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "core/events.h"
#include "core/rollout.h"
#include "core/service.h"
#include "core/state.h"
#include "rollout/summary.h"

#define PHASES_MAX 1000 /* shares set by hand are not limited */

static const char *const result_names[] = {
	[OUTCOME_PROMOTED] = "promoted",
	[OUTCOME_ABORTED] = "aborted",
	[OUTCOME_ROLLED_BACK] = "rolled-back",
};

int
outcome_begin(struct release *release)
{
	json_t *phases = json_array();

	if (phases == NULL) {
		errno = ENOMEM;
		return -1;
	}
	clock_stamp(release->started);
	release->untold = true;
	release->inherited = false;
	release->began_ms = release->phase_ms = clock_ms();
	json_decref(release->phases);
	release->phases = phases;
	chronicle_begin(&release->chronicle, release->began_ms);
	release->lost = false;
	/* The last rollout's values must not get into the checkpoint. */
	release->rollout.met_users = release->rollout.alone = false;
	return 0;
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
 * Is it of this rollout, too?  Another one may have begun in the same
 * millisecond.
 */
static bool
is_of(const struct release *release, const json_t *outcome)
{
	const char *id = json_string_value(json_object_get(outcome, "id"));

	return json_integer_value(json_object_get(outcome, "from")) ==
	    (json_int_t)release->from &&
	    strcmp(id != NULL ? id : "", release->id) == 0;
}

json_t *
outcome_written(const struct service *service)
{
	const struct release *release = &service->release;
	json_t *found;

	if (!release->inherited)
		return NULL;
	found = journal_find(service->journal, "started", release->started);
	if (found == NULL || is_of(release, found))
		return found;
	json_decref(found);
	return NULL;
}

static bool
is_written(const struct service *service)
{
	json_t *written = outcome_written(service);

	json_decref(written);
	return written != NULL;
}

enum outcome_result
outcome_of_success(const struct release *release)
{
	return release->kind == RELEASE_ROLLBACK ? OUTCOME_ROLLED_BACK
						 : OUTCOME_PROMOTED;
}

bool
outcome_is_written_to_serve(const struct service *service)
{
	json_t *written = outcome_written(service);
	const char *result =
	    json_string_value(json_object_get(written, "result"));
	bool serves = result != NULL &&
	    strcmp(result,
		result_names[outcome_of_success(&service->release)]) == 0;

	json_decref(written);
	return serves;
}

static json_t *
describe(const struct service *service, const char *result, const char *why,
    json_t *phases)
{
	const struct release *release = &service->release;
	const struct generation *serving =
	    release->lost ? NULL : service->active;

	return json_pack("{ss ss si si si ss ss sI so ss*}", "result", result,
	    "name", service->options->name, "from", (int)release->from, "to",
	    (int)release->to, "serves",
	    serving != NULL ? (int)serving->number : 0, "reason",
	    why != NULL ? why : "", "started", release->started, "duration_ms",
	    (json_int_t)(clock_ms() - release->began_ms), "phases", phases,
	    "id", release->id[0] != '\0' ? release->id : NULL);
}

json_t *
outcome_so_far(const struct service *service)
{
	struct release so_far = service->release;
	json_t *outcome;

	if (!so_far.untold || so_far.kind == RELEASE_FIRST)
		return NULL;
	so_far.phases = json_deep_copy(so_far.phases);
	outcome_phase_ended(&so_far, &so_far.rollout);
	outcome = describe(service, "", so_far.why, so_far.phases);
	json_object_set_new(outcome, "state",
	    json_string(rollout_state_name(so_far.rollout.state)));
	return outcome;
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
	/* How many users have met the newer of the two generations. */
	json_int_t given =
	    release->kind == RELEASE_FIRST ? 0 : summary_count(service);
	int64_t took = clock_ms() - release->began_ms;
	json_t *outcome;

	release->untold = false;
	if (release->kind == RELEASE_FIRST) {
		chronicle_fini(&release->chronicle);
		return;
	}
	outcome = describe(
	    service, result_names[result], why, json_incref(release->phases));
	json_object_set_new(outcome, "given", json_integer(given));
	service->outcomes[result]++;
	service->outcomes_ms[result] += took;
	keep_last(service, outcome);
	if (outcome == NULL)
		log_error("the outcome of the rollout is %s; there is no "
			  "memory to tell and write it",
		    result_names[result]);
	else if (!is_written(service)) {
		if (journal_append(service->journal, json_incref(outcome)) ==
		    -1)
			events_emit(service, "warning", NULL,
			    "warning: history: the outcome cannot be written "
			    "yet: %s",
			    strerror(errno));
		summary_keep(service, outcome);
	}
	chronicle_fini(&release->chronicle);
	state_commit(service);
	events_outcome(service, outcome);
}
