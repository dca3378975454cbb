/* SPDX-License-Identifier: ISC */
/*
 * What signals to the old generation mean.  The old generation is parked, or
 * has a share left; its program gets no signal from here but USR1.
 */
#include "control/oldbin.h"

#include <signal.h>

#include "base/log.h"
#include "core/service.h"
#include "generation/retire.h"
#include "rollout/request.h"

static bool
new_one_has_share(const struct service *service)
{
	enum rollout_state state = service->release.rollout.state;

	return state == ROLLOUT_SHIFTING || state == ROLLOUT_BAKING;
}

struct generation *
oldbin_successor(const struct service *service)
{
	if (new_one_has_share(service))
		return service->release.candidate;
	return service->active;
}

struct generation *
oldbin_generation(const struct service *service)
{
	const struct generation *successor = oldbin_successor(service);
	struct generation *generation, *old = NULL;

	if (successor == NULL)
		return NULL;
	TAILQ_FOREACH (generation, &service->generations, entry) {
		if (generation->number < successor->number &&
		    generation->role != ROLE_FAILED &&
		    generation->program != NULL)
			old = generation;
	}
	return old;
}

/* The new generation gets all new connections for good. */
static void
stand_by(struct service *service)
{
	char why[RELEASE_WHY];

	if (new_one_has_share(service) &&
	    request_promote(service, why, sizeof(why)) == -1)
		log_warn("signal to the old generation: %s", why);
}

static void
end_with(struct service *service, void (*end)(struct generation *))
{
	struct generation *old;

	stand_by(service);
	old = oldbin_generation(service);
	if (old != NULL && old != service->active)
		end(old);
}

bool
oldbin_take(struct service *service, int signal)
{
	/* The stand-in does not tell who has sent the signal. */
	static const struct asker by = { "HUP to the old generation",
		(uid_t)-1 };
	const struct generation *old = oldbin_generation(service);

	switch (signal) {
	case SIGHUP:
		return request_turn_back(service, &by);
	case SIGWINCH:
		stand_by(service);
		break;
	case SIGQUIT:
		end_with(service, retire_drain);
		break;
	case SIGTERM:
	case SIGINT:
		end_with(service, retire_now);
		break;
	case SIGUSR1:
		if (old != NULL)
			program_signal(old->program, SIGUSR1);
		break;
	}
	return false;
}
