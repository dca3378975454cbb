/* SPDX-License-Identifier: ISC */
/*
 * The course of the rollout: asks the table and carries out its answer.
 */
#include "rollout/course.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "core/manager.h"
#include "core/rollout.h"
#include "core/service.h"
#include "rollout/outcome.h"

/* Carry the action out; before is the rollout as it was before the event. */
static bool
carry_out(struct service *service, const struct rollout *before,
    enum rollout_action action, const char *why)
{
	struct release *release = &service->release;

	if (action == ACTION_REFUSE)
		return false;
	/* Each share is a phase of its own. */
	if (release->rollout.state != before->state || action == ACTION_SHIFT ||
	    action == ACTION_HOLD)
		outcome_phase_ended(release, before);
	release->actions[action](service, why);
	manager_tell(service->manager);
	return true;
}

static bool
take_one(struct service *service, enum rollout_event event, const char *why)
{
	struct rollout *rollout = &service->release.rollout;
	struct rollout before = *rollout;

	return carry_out(service, &before, rollout_take(rollout, event), why);
}

static bool
put_off(struct release *release, enum rollout_event event, const char *why)
{
	struct release_waiting *waiting = &release->waiting[release->nwaiting];

	if (release->nwaiting == RELEASE_WAITING) {
		log_error("rollout: an action has caused more events than can "
			  "wait; this one is dropped");
		return false;
	}
	release->nwaiting++;
	waiting->event = event;
	waiting->has_why = why != NULL;
	strlcpy(waiting->why, why != NULL ? why : "", sizeof(waiting->why));
	return true;
}

/* Take the events that the action has caused, until none is left. */
static void
take_waiting(struct service *service)
{
	struct release *release = &service->release;
	struct release_waiting next;

	while (release->nwaiting > 0) {
		next = release->waiting[0];
		release->nwaiting--;
		memmove(release->waiting, release->waiting + 1,
		    release->nwaiting * sizeof(next));
		take_one(service, next.event, next.has_why ? next.why : NULL);
	}
}

bool
course_take(struct service *service, enum rollout_event event, const char *why)
{
	struct release *release = &service->release;
	bool taken;

	if (release->acts)
		return put_off(release, event, why);
	release->acts = true;
	taken = take_one(service, event, why);
	take_waiting(service);
	release->acts = false;
	return taken;
}

void
course_fail(struct service *service, const char *what)
{
	char why[128];

	snprintf(why, sizeof(why), "%s: %s", what, strerror(errno));
	course_take(service, EVENT_FAILED, why);
}

bool
course_split(struct service *service, unsigned int percent)
{
	struct release *release = &service->release;
	struct rollout before = release->rollout;
	bool taken;

	if (release->acts)
		return false;
	release->acts = true;
	taken = carry_out(
	    service, &before, rollout_split(&release->rollout, percent), NULL);
	take_waiting(service);
	release->acts = false;
	return taken;
}
