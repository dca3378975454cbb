/* SPDX-License-Identifier: ISC */
#include "fleet/tally.h"

#include <string.h>

bool
tally_takes_part(const struct view *view, const struct member_host *at)
{
	const struct rollout *rollout = &view->rollout;

	/* Once granted, a host takes part whatever it has by now. */
	if (rollout->kind == KIND_UPGRADE || at->host.n == rollout->n)
		return true;
	/* Nobody knows yet what it will have. */
	if (at->host.step == STEP_CLAIMED)
		return true;
	/* A rollback is for those that have the release. */
	return strcmp(at->host.release, rollout->release) == 0;
}

enum step
tally_step(const struct view *view, const struct member_host *at)
{
	/* It keeps its slot until it reports, whatever begins meanwhile. */
	if (at->host.step == STEP_CLAIMED)
		return STEP_CLAIMED;
	if (at->host.n != view->rollout.n)
		return STEP_IDLE;
	/* A resumed rollout tries again what has not succeeded. */
	if (at->host.step > STEP_PROMOTED &&
	    at->host.attempt != view->rollout.attempt)
		return STEP_IDLE;
	return at->host.step;
}

struct tally
tally_count(const struct view *view)
{
	struct tally tally = { 0 };
	const struct member_host *at;
	enum step step;
	size_t i;

	for (i = 0; i < view->nhosts; i++) {
		at = &view->hosts[i];
		if (!tally_takes_part(view, at))
			continue;
		step = tally_step(view, at);
		tally.hosts++;
		tally.by_step[step]++;
		if (step == STEP_PROMOTED && at->host.since > tally.last_ms)
			tally.last_ms = at->host.since;
	}
	return tally;
}

size_t
tally_at_work(const struct tally *tally)
{
	return tally->by_step[STEP_GRANTED] + tally->by_step[STEP_CLAIMED];
}

size_t
tally_ended(const struct tally *tally)
{
	return tally->hosts - tally->by_step[STEP_IDLE] - tally_at_work(tally);
}

/* The hosts that are at a step, each with its reason. */
static json_t *
hosts_at(const struct view *view, enum step step)
{
	json_t *list = json_array();
	const struct member_host *at;
	size_t i;

	for (i = 0; i < view->nhosts; i++) {
		at = &view->hosts[i];
		if (tally_takes_part(view, at) && tally_step(view, at) == step)
			json_array_append_new(list,
			    json_pack("{ss ss}", "host", at->name, "reason",
				at->host.reason));
	}
	return list;
}

json_t *
tally_times(const struct view *view)
{
	json_t *list = json_array();
	const struct member_host *at;
	size_t i;

	for (i = 0; i < view->nhosts; i++) {
		at = &view->hosts[i];
		if (!tally_takes_part(view, at))
			continue;
		json_array_append_new(list,
		    json_pack("{ss ss sI sI ss}", "host", at->name, "step",
			step_name(tally_step(view, at)), "at_ms",
			(json_int_t)at->host.since, "took_ms",
			(json_int_t)at->host.took_ms, "reason",
			at->host.reason));
	}
	return list;
}

json_t *
tally_outcome(const struct view *view, const char *result, int status)
{
	const struct rollout *rollout = &view->rollout;
	struct tally tally = tally_count(view);
	char ended[CLOCK_STAMP];
	const char *reason = view_is_halted(view) ? view->halt.why : "";
	const char *by = view_is_halted(view) ? view->halt.by : "";

	clock_stamp(ended);
	return json_pack("{sI ss ss ss si si si si so so so ss ss ss ss}", "n",
	    (json_int_t)rollout->n, "kind",
	    rollout->kind == KIND_ROLLBACK ? "rollback" : "upgrade", "release",
	    rollout->release, "result", result, "status", status, "hosts",
	    (int)tally.hosts, "promoted", (int)tally.by_step[STEP_PROMOTED],
	    "untouched",
	    (int)(tally.by_step[STEP_IDLE] + tally.by_step[STEP_NOT_BEGUN]),
	    "failed", hosts_at(view, STEP_FAILED), "absent",
	    hosts_at(view, STEP_ABSENT), "times",
	    tally.hosts <= TALLY_TIMES ? tally_times(view) : json_array(), "by",
	    by, "reason", reason, "started", rollout->started, "ended", ended);
}
