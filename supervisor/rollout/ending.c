/* SPDX-License-Identifier: ISC */
/*
 * The end of a service: first its generations, then its hooks, then the loop.
 */
#include "rollout/ending.h"

#include "core/events.h"
#include "core/manager.h"
#include "core/service.h"
#include "generation/retire.h"
#include "rollout/course.h"
#include "rollout/hooks.h"
#include "rollout/request.h"

void
ending_settle(struct service *service)
{
	const struct generation *generation;

	if (!service->ending)
		return;
	TAILQ_FOREACH (generation, &service->generations, entry) {
		if (generation->program != NULL)
			return;
	}
	if (!hooks_are_idle(service->hooks)) {
		hooks_finish(service->hooks, ending_settle);
		return;
	}
	events_emit(service, "stopped", NULL, "stopped");
	/* The loop forgets it if it has not begun. */
	service->ended = true;
	event_base_loopbreak(service->base);
}

static void
refuse_new(struct service *service)
{
	size_t i;

	for (i = 0; i < service->nlisteners; i++)
		listener_refuse(service->listeners[i]);
}

void
ending_begin(struct service *service, int exit_status, bool now)
{
	struct generation *generation, *next;
	char why[RELEASE_WHY];

	if (!service->ending) {
		service->exit_status = exit_status;
		events_emit(service, "stopping", NULL, "stopping%s",
		    now ? " now" : ", connections first");
		request_abort(service, why, sizeof(why));
		/* From here on nobody is started again. */
		service->ending = true;
		if (service->release.rollout.state == ROLLOUT_RESTORING)
			course_take(service, EVENT_FAILED,
			    "the service is being stopped");
		refuse_new(service);
	}
	manager_tell(service->manager);
	TAILQ_FOREACH_SAFE (generation, &service->generations, entry, next) {
		if (generation->program == NULL)
			continue;
		if (now)
			retire_now(generation);
		else if (generation->role != ROLE_DRAINING)
			retire_drain(generation);
	}
	/* If nothing runs, no end of a process will call this. */
	ending_settle(service);
}
