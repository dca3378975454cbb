/* SPDX-License-Identifier: ISC */
/*
 * How a rollout survives the end of the supervisor: what a successor must know.
 */
#include "rollout/release_state.h"

#include <stdlib.h>
#include <string.h>

#include "base/describe.h"
#include "base/strings.h"
#include "config/options.h"
#include "core/rollout.h"
#include "core/service.h"
#include "generation/generations.h"

/*
 * A rollout that is handed over goes on, and so does its chronicle.  After a
 * crash the successor knows who asked, and the events from their own log.
 */
static json_t *
chronicle_save(const struct release *release, const json_t *before)
{
	json_t *shared, *copy;

	if (release->chronicle.lists == NULL)
		return NULL;
	shared = release->handed ? chronicle_json(&release->chronicle)
				 : chronicle_asked(&release->chronicle);
	copy = describe_copy(before, shared);
	json_decref(shared);
	return copy;
}

json_t *
release_save(const struct release *release, const json_t *before)
{
	const struct rollout *rollout = &release->rollout;

	return describe(before,
	    "{ss sb sI sb ss si sb si si si sb ss sI sI sI so* so* ss* so* "
	    "so* sb si si si ss so*}",
	    "state", rollout_state_name(rollout->state), "alone",
	    (int)rollout->alone, "paused", (json_int_t)release->paused_ms,
	    "lost", (int)release->lost, "why", release->why, "kind",
	    (int)release->kind, "untold", (int)release->untold, "from",
	    (int)release->from, "to", (int)release->to, "candidate",
	    release->candidate != NULL ? (int)release->candidate->number : 0,
	    "met-users", (int)rollout->met_users, "started", release->started,
	    "began", (json_int_t)release->began_ms, "phase",
	    (json_int_t)release->phase_ms, "deadline",
	    (json_int_t)release->deadline_ms, "phases",
	    describe_copy(json_object_get(before, "phases"), release->phases),
	    "program",
	    release->program != NULL ? strings_to_json(release->program) : NULL,
	    "exe", release->exe, "options-before",
	    release->options_before != NULL
		? options_to_json(release->options_before)
		: NULL,
	    "image",
	    release->image != NULL ? image_to_json(release->image) : NULL,
	    "handed", (int)release->handed, "share", (int)rollout->share,
	    "step", (int)rollout->step, "steps", (int)rollout->nsteps, "id",
	    release->id, "chronicle",
	    chronicle_save(release, json_object_get(before, "chronicle")));
}

static enum rollout_state
find_state(const char *name)
{
	enum rollout_state state;

	for (state = ROLLOUT_STATES - 1; state > ROLLOUT_IDLE; state--)
		if (strcmp(rollout_state_name(state), name) == 0)
			break;
	return state;
}

/* For --strategy exclusive. */
static int
restore_pause(struct release *release, const json_t *saved)
{
	const char *state, *why;
	json_int_t paused;
	int alone, lost;

	if (json_unpack((json_t *)saved, "{ss sb sI sb ss}", "state", &state,
		"alone", &alone, "paused", &paused, "lost", &lost, "why",
		&why) == -1)
		return -1;
	release->rollout.state = find_state(state);
	release->rollout.alone = alone;
	release->paused_ms = paused;
	release->lost = lost;
	strlcpy(release->why, why, sizeof(release->why));
	return 0;
}

static int
restore_request(struct release *release, const json_t *saved)
{
	const json_t *before = json_object_get(saved, "options-before");
	const json_t *program = json_object_get(saved, "program");
	const char *exe = json_string_value(json_object_get(saved, "exe"));

	if (before != NULL &&
	    (release->options_before = options_from_json(before)) == NULL)
		return -1;
	if (program != NULL &&
	    (release->program = strings_from_json(program)) == NULL)
		return -1;
	if (exe != NULL && (release->exe = strdup(exe)) == NULL)
		return -1;
	return 0;
}

/* For a rollout that was handed over to go on. */
static int
restore_course(struct release *release, const json_t *saved)
{
	const json_t *image = json_object_get(saved, "image");
	int share, step, steps;

	if (json_unpack((json_t *)saved, "{si si si}", "share", &share, "step",
		&step, "steps", &steps) == -1 ||
	    (image != NULL &&
		(release->image = image_from_json(image)) == NULL))
		return -1;
	release->rollout.share = (unsigned int)share;
	release->rollout.step = (size_t)step;
	release->rollout.nsteps = (size_t)steps;
	return 0;
}

int
release_restore(struct service *service, const json_t *saved)
{
	struct release *release = &service->release;
	json_int_t began, phase, deadline;
	int kind, untold, from, to, candidate, met_users;
	const char *started, *id;

	if (json_unpack((json_t *)saved, "{si sb si si si sb ss sI sI sI ss}",
		"kind", &kind, "untold", &untold, "from", &from, "to", &to,
		"candidate", &candidate, "met-users", &met_users, "started",
		&started, "began", &began, "phase", &phase, "deadline",
		&deadline, "id", &id) == -1)
		return -1;
	strlcpy(release->id, id, sizeof(release->id));
	release->kind = kind;
	release->untold = untold;
	release->inherited = true;
	release->from = (unsigned int)from;
	release->to = (unsigned int)to;
	release->rollout.met_users = met_users;
	strlcpy(release->started, started, sizeof(release->started));
	release->began_ms = began;
	release->phase_ms = phase;
	release->deadline_ms = deadline;
	release->phases = json_deep_copy(json_object_get(saved, "phases"));
	if (untold) {
		chronicle_begin(&release->chronicle, began);
		chronicle_restore(
		    &release->chronicle, json_object_get(saved, "chronicle"));
	}
	release->handed = json_is_true(json_object_get(saved, "handed"));
	if (untold && candidate != 0)
		release->candidate =
		    generation_find(service, (unsigned int)candidate);
	if (untold && from != 0)
		release->old = generation_find(service, (unsigned int)from);
	if (restore_pause(release, saved) == -1 ||
	    (release->handed && restore_course(release, saved) == -1))
		return -1;
	return restore_request(release, saved);
}
