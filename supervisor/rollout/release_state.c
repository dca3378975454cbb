/* SPDX-License-Identifier: ISC */
/*
 * How a rollout survives the end of the supervisor: what a successor must know,
 * and how it continues.  The rule: a candidate that had all the traffic stays,
 * any other is taken back.
 */
#include "rollout/release_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/strings.h"
#include "config/options.h"
#include "core/rollout.h"
#include "core/service.h"
#include "generation/generations.h"
#include "generation/recheck.h"
#include "rollout/candidate.h"
#include "rollout/course.h"
#include "rollout/deadline.h"
#include "rollout/exclusive.h"
#include "rollout/outcome.h"
#include "rollout/readiness.h"
#include "rollout/request.h"

static const char interrupted[] =
    "the supervisor ended before the candidate had all the traffic";

json_t *
release_save(const struct release *release)
{
	const struct rollout *rollout = &release->rollout;

	return json_pack(
	    "{ss sb sI sb ss si sb si si si sb ss sI sI sI so* so* ss* so* "
	    "so* sb si si si ss}",
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
	    json_deep_copy(release->phases), "program",
	    release->program != NULL ? strings_to_json(release->program) : NULL,
	    "exe", release->exe, "options-before",
	    release->options_before != NULL
		? options_to_json(release->options_before)
		: NULL,
	    "image",
	    release->image != NULL ? image_to_json(release->image) : NULL,
	    "handed", (int)release->handed, "share", (int)rollout->share,
	    "step", (int)rollout->step, "steps", (int)rollout->nsteps, "id",
	    release->id);
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

/* RESUMING */

/* The rollout was over; only its outcome was not told. */
static void
tell(struct service *service, enum outcome_result result)
{
	candidate_let_go(service);
	outcome_tell(service, result, NULL);
}

static void
tell_that_it_serves(struct service *service)
{
	tell(service,
	    service->release.kind == RELEASE_ROLLBACK ? OUTCOME_ROLLED_BACK
						      : OUTCOME_PROMOTED);
}

static void
tell_that_it_failed(struct service *service)
{
	const struct release *release = &service->release;

	tell(service,
	    release->rollout.met_users && release->kind != RELEASE_ROLLBACK
		? OUTCOME_ROLLED_BACK
		: OUTCOME_ABORTED);
}

/* Only the rest of its bake time is left. */
static void
go_on_baking(struct service *service)
{
	struct release *release = &service->release;
	int64_t left = service->options->bake_ms;

	release->rollout.share = 100;
	release->rollout.met_users = true;
	if (release->old == NULL || release->kind == RELEASE_ROLLBACK)
		left = 0;
	else if (release->deadline_ms != 0)
		left = release->deadline_ms - clock_ms();
	if (service->parked == release->candidate)
		service->parked = NULL;
	candidate_watch(service, left > 0 ? left : 0);
}

static void
resolve_again(struct service *service)
{
	course_take(service, EVENT_BEGIN, NULL);
}

/* A start has so long to become ready, or is ready already. */
static void
await_ready(struct service *service, int64_t ms)
{
	struct release *release = &service->release;

	deadline_set(service, ms);
	candidate_await_ready(service);
	if (release->readiness != NULL &&
	    program_is_ready(release->candidate->program))
		readiness_said(release->readiness);
}

/* Start the candidate, unless it runs already. */
static void
start_again(struct service *service)
{
	struct generation *candidate = service->release.candidate;
	char why[RELEASE_WHY];

	if (program_main(candidate->program) == 0 &&
	    generation_start(candidate, why, sizeof(why)) == -1)
		course_take(service, EVENT_FAILED, why);
	else
		await_ready(service, service->options->start_timeout_ms);
}

static void
start_first_again(struct service *service)
{
	struct release *release = &service->release;

	release->image = image_ref(release->candidate->image);
	start_again(service);
}

/* The old one is the candidate once the other has ended. */
static void
go_on_restoring(struct service *service)
{
	struct release *release = &service->release;

	if (release->candidate == NULL)
		course_take(service, EVENT_FAILED, interrupted);
	else if (release->candidate->role != ROLE_ACTIVE)
		exclusive_resume(service);
	else {
		release->old = NULL;
		start_again(service);
	}
}

/* The old one, which was to end for the candidate, comes back. */
static void
come_back(struct service *service)
{
	course_take(service, EVENT_ABORT, interrupted);
	exclusive_resume(service);
}

/* Give the candidate's share back to the old one. */
static void
take_back(struct service *service)
{
	course_take(service, EVENT_FAILED, interrupted);
}

/* The time that is left of the state. */
static int64_t
time_left(const struct release *release)
{
	int64_t left = release->deadline_ms - clock_ms();

	return left > 0 ? left : 0;
}

static void
go_on_starting(struct service *service)
{
	await_ready(service, time_left(&service->release));
}

static void
go_on_checking(struct service *service)
{
	candidate_watch(service, time_left(&service->release));
}

/* Its share stays in force for the rest of its time, or until a request. */
static void
go_on_shifting(struct service *service)
{
	struct release *release = &service->release;
	struct rollout *rollout = &release->rollout;
	size_t steps = rollout->nsteps;

	request_plan(service);
	/* A rescue has no steps, request_rescue: no more than there were. */
	if (steps < rollout->nsteps)
		rollout->nsteps = steps;
	candidate_watch(
	    service, release->deadline_ms != 0 ? time_left(release) : -1);
}

static bool
is_handed_over(const struct release *release)
{
	return release->handed && release->candidate != NULL;
}

static bool
is_active(const struct release *release)
{
	return release->candidate != NULL &&
	    release->candidate->role == ROLE_ACTIVE;
}

static bool
has_failed(const struct release *release)
{
	return release->candidate != NULL &&
	    release->candidate->role == ROLE_FAILED;
}

/* Had the candidate all the traffic, so that only its promotion is missing? */
static bool
has_all(const struct release *release)
{
	return release->candidate != NULL && release->candidate->share == 100;
}

static bool
is_first(const struct release *release)
{
	return release->kind == RELEASE_FIRST;
}

static bool
is_first_start(const struct release *release)
{
	return is_first(release) && release->candidate != NULL;
}

static bool
has_candidate(const struct release *release)
{
	return release->candidate != NULL;
}

/* Did the supervisor end before it told the old one to end? */
static bool
old_serves(const struct release *release)
{
	return release->old != NULL && release->old->role == ROLE_ACTIVE;
}

static bool
is_any(const struct release *release)
{
	return true;
}

/*
 * How a successor takes up what it finds: the first row that fits tells in
 * which state it goes on, and how.  Nobody can go back from a first start: it
 * is tried again.  ANY: whatever the state was; SAME: it stays.
 */
#define ANY  ROLLOUT_STATES
#define SAME ROLLOUT_STATES

/* clang-format off */
static const struct resumption {
	enum rollout_state found;
	bool (*fits)(const struct release *);
	enum rollout_state next;
	void (*go_on)(struct service *);
} resumptions[] = {
	{ ROLLOUT_STARTING,  is_handed_over, SAME, go_on_starting },
	{ ROLLOUT_CHECKING,  is_handed_over, SAME, go_on_checking },
	{ ROLLOUT_SHIFTING,  is_handed_over, SAME, go_on_shifting },
	{ ROLLOUT_STOPPING,  is_handed_over, SAME, exclusive_look },
	{ ROLLOUT_RESTORING, is_any,	     SAME, go_on_restoring },
	{ ANY,	is_active,	ROLLOUT_IDLE,	   tell_that_it_serves },
	{ ANY,	has_failed,	ROLLOUT_IDLE,	   tell_that_it_failed },
	{ ROLLOUT_BAKING, is_any,  SAME,	   go_on_baking },
	{ ROLLOUT_IDLE,	  has_all, ROLLOUT_BAKING, go_on_baking },
	{ ANY,	is_first_start, ROLLOUT_STARTING,  start_first_again },
	{ ANY,	is_first,	ROLLOUT_IDLE,	   resolve_again },
	{ ROLLOUT_STOPPING, old_serves, SAME,	   take_back },
	{ ROLLOUT_STOPPING, is_any, SAME,	   come_back },
	{ ROLLOUT_IDLE, has_candidate, ROLLOUT_STARTING,  take_back },
	{ ROLLOUT_IDLE, is_any,	       ROLLOUT_RESOLVING, take_back },
	{ ANY,	is_any,		SAME,		   take_back },
};
/* clang-format on */

static void
resume(struct service *service)
{
	struct release *release = &service->release;
	const struct resumption *row = resumptions;

	while ((row->found != ANY && row->found != release->rollout.state) ||
	    !row->fits(release))
		row++;
	if (row->next != SAME)
		release->rollout.state = row->next;
	release->handed = false;
	row->go_on(service);
}

void
release_resume(struct service *service)
{
	struct release *release = &service->release;

	/*
	 * An old one that has ended for a candidate is active until it is
	 * promoted.
	 */
	if (service->active != NULL && service->active != release->candidate &&
	    service->active->program != NULL) {
		candidate_look_after(service->active);
		recheck_resume(service->active);
	}
	if (release->untold)
		resume(service);
	/* Nothing that was handed over is left, for the next successor. */
	release->handed = false;
}
