/* SPDX-License-Identifier: ISC */
/*
 * How a successor goes on with a rollout.  The rule: a candidate that had all
 * the traffic stays, any other is taken back; and what the history says of the
 * rollout stays true.
 */
#include "rollout/resumption.h"

#include "core/events.h"
#include "core/report.h"
#include "core/rollout.h"
#include "core/service.h"
#include "generation/generations.h"
#include "generation/recheck.h"
#include "rollout/candidate.h"
#include "rollout/course.h"
#include "rollout/deadline.h"
#include "rollout/ending.h"
#include "rollout/exclusive.h"
#include "rollout/outcome.h"
#include "rollout/readiness.h"
#include "rollout/request.h"
#include "rollout/summary.h"

static const char interrupted[] =
    "the supervisor ended before the candidate had all the traffic";

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
	tell(service, outcome_of_success(&service->release));
}

static void
tell_that_it_failed(struct service *service)
{
	const struct release *release = &service->release;
	bool first = release->kind == RELEASE_FIRST;

	tell(service,
	    release->rollout.met_users && release->kind != RELEASE_ROLLBACK
		? OUTCOME_ROLLED_BACK
		: OUTCOME_ABORTED);
	if (first) {
		report_start(service, false, interrupted);
		ending_begin(service, 1, true);
	}
}

/* The candidate had all the traffic. */
static void
give_all(struct service *service)
{
	struct release *release = &service->release;

	release->rollout.share = 100;
	release->rollout.met_users = true;
	if (service->parked == release->candidate)
		service->parked = NULL;
}

/* Only the rest of its bake time is left. */
static void
go_on_baking(struct service *service)
{
	struct release *release = &service->release;
	int64_t left = service->options->bake_ms;

	give_all(service);
	if (release->old == NULL || release->kind == RELEASE_ROLLBACK)
		left = 0;
	else if (release->deadline_ms != 0)
		left = release->deadline_ms - clock_ms();
	candidate_watch(service, left > 0 ? left : 0);
}

/*
 * The predecessor has written into the history that the candidate serves, and
 * ended before the checkpoint said so.  If the candidate has ended, too, it is
 * started again like any program that serves.
 */
static void
serve_as_written(struct service *service)
{
	json_t *written = outcome_written(service);

	give_all(service);
	course_take(service, EVENT_PROMOTE,
	    json_string_value(json_object_get(written, "reason")));
	json_decref(written);
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

	if (!generation_runs(candidate) &&
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

/* The old one was not told to end; but somebody may wait for the candidate. */
static void
come_back_if_awaited(struct service *service)
{
	if (exclusive_is_awaited(service))
		come_back(service);
	else
		take_back(service);
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

static bool
is_written_to_serve(const struct release *release)
{
	return release->candidate != NULL && release->serves;
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
	{ ANY,	is_written_to_serve, ROLLOUT_BAKING, serve_as_written },
	{ ROLLOUT_BAKING, is_any,  SAME,	   go_on_baking },
	{ ROLLOUT_IDLE,	  has_all, ROLLOUT_BAKING, go_on_baking },
	{ ANY,	is_first_start, ROLLOUT_STARTING,  start_first_again },
	{ ANY,	is_first,	ROLLOUT_IDLE,	   resolve_again },
	{ ROLLOUT_STOPPING, old_serves, SAME,	   come_back_if_awaited },
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

/* What the predecessor knew of the rollout, and has not handed over. */
static void
recall(struct service *service)
{
	json_t *events = events_recent(service->events, 0);

	summary_begin(service, NULL);
	chronicle_recall(
	    &service->release.chronicle, events, service->release.started);
	json_decref(events);
	service->release.serves = outcome_is_written_to_serve(service);
}

void
resumption_begin(struct service *service)
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
	if (release->untold) {
		recall(service);
		resume(service);
	}
	/* Nothing that was handed over is left, for the next successor. */
	release->handed = false;
}
