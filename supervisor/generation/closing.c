/* SPDX-License-Identifier: ISC */
/*
 * What a generation has is released, in the order in which a successor may do
 * without it.
 */
#include "generation/closing.h"

#include <stdlib.h>

#include "core/held.h"
#include "core/service.h"
#include "core/state.h"
#include "generation/attempt.h"
#include "generation/health.h"
#include "generation/latecomers.h"
#include "generation/quiet.h"
#include "generation/recheck.h"
#include "generation/steering.h"
#include "generation/stored.h"
#include "generation/wrap.h"

void
generation_close(struct generation *generation)
{
	struct service *service = generation->service;
	struct program *program = generation->program;
	struct wrap *wrap = generation->wrap;

	recheck_end(generation);
	health_end(generation);
	evtimer_del(generation->backoff);
	generation->lacking[0] = '\0';
	if (generation->look != NULL)
		image_cancel(generation->look);
	generation->look = NULL;
	wrap_let_go(wrap);
	steering_leave(generation);
	generation->program = NULL;
	generation->wrap = NULL;
	quiet_forget(generation);
	/*
	 * A successor that takes the program for alive needs the descriptors
	 * that are given up now.
	 */
	state_commit(service);
	held_remove(service, "notify", generation->number);
	attempt_end(generation);
	program_free(program);
	wrap_free(wrap);
	stored_sweep(service);
}

void
generation_free(struct generation *generation)
{
	struct service *service = generation->service;
	size_t i;

	TAILQ_REMOVE(&service->generations, generation, entry);
	/* While the service ends, even the active generation may be pruned. */
	if (service->active == generation)
		service->active = NULL;
	if (generation->program != NULL)
		generation_close(generation);
	quiet_forget(generation);
	stored_end(generation);
	latecomers_free(generation->latecomers);
	event_free(generation->backoff);
	for (i = 0; i < IMAGE_FDS; i++)
		held_remove(service, image_fd_names[i], generation->number);
	image_unref(generation->image);
	json_decref(generation->unresumed);
	free(generation);
}
