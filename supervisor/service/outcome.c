/* SPDX-License-Identifier: ISC */
/*
 * How a rollout went, as --json and history have it.
 */
#include "service/outcome.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "service/service.h"

static const char *const result_names[] = {
	[OUTCOME_PROMOTED] = "promoted",
	[OUTCOME_ABORTED] = "aborted",
	[OUTCOME_ROLLED_BACK] = "rolled-back",
};

void
outcome_begin(struct release *release)
{
	clock_stamp(release->started);
	release->began_ms = release->phase_ms = clock_ms();
	json_decref(release->phases);
	release->phases = json_array();
}

void
outcome_phase_ended(struct release *release, enum rollout_state state)
{
	int64_t now = clock_ms();
	const char *phase = rollout_phase_name(state);

	if (phase != NULL)
		json_array_append_new(release->phases,
		    json_pack("{ss sI}", "phase", phase, "ms",
			(json_int_t)(now - release->phase_ms)));
	release->phase_ms = now;
}

void
outcome_tell(
    struct service *service, enum outcome_result result, const char *why)
{
	struct release *release = &service->release;
	json_t *outcome;

	if (release->kind == RELEASE_FIRST)
		return;
	outcome = json_pack("{ss ss si si ss ss sI sO}", "result",
	    result_names[result], "name", service->options->name, "from",
	    (int)release->from, "to", (int)release->to, "reason",
	    why != NULL ? why : "", "started", release->started, "duration_ms",
	    (json_int_t)(clock_ms() - release->began_ms), "phases",
	    release->phases);
	if (outcome == NULL)
		return;
	service->outcomes[result]++;
	if (journal_append(service->journal, json_incref(outcome)) == -1)
		log_warn("history: not written yet: %s", strerror(errno));
	events_outcome(service, outcome);
}
