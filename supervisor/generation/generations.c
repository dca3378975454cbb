/* SPDX-License-Identifier: ISC */
/*
 * A generation: its image is started, and started again when it ends by itself
 * and the policy says so.  This module never decides a rollout.
 */
#include "generation/generations.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "core/events.h"
#include "core/held.h"
#include "core/owner.h"
#include "core/service.h"
#include "core/state.h"
#include "generation/attempt.h"
#include "generation/health.h"
#include "generation/intention.h"
#include "generation/latecomers.h"
#include "generation/quiet.h"
#include "generation/reach.h"
#include "generation/recheck.h"
#include "generation/restart.h"
#include "generation/steering.h"
#include "generation/stock.h"
#include "generation/stored.h"
#include "generation/wrap.h"
#include "process/account.h"
#include "process/image_folder.h"
#include "process/reaper.h"

static const char *const role_names[] = {
	[ROLE_CANDIDATE] = "candidate",
	[ROLE_ACTIVE] = "active",
	[ROLE_PARKED] = "parked",
	[ROLE_DRAINING] = "draining",
	[ROLE_RETIRED] = "retired",
	[ROLE_FAILED] = "failed",
};

const char *
role_name(enum role role)
{
	return role_names[role];
}

static const struct generation_events *
events_of(const struct generation *generation)
{
	return generation->service->generation_events;
}

static void
tell_given_up(struct generation *generation, int status, const char *why)
{
	generation->given_up = true;
	events_of(generation)->given_up(generation, status, why);
}

void
generation_start_again(
    struct generation *generation, int status, const char *how)
{
	struct timeval delay;
	char why[128];
	int64_t wait;

	if (generation->service->ending)
		return;
	if (!restart_is_wanted(generation->service->options, status)) {
		tell_given_up(generation, status, how);
		return;
	}
	if ((wait = restart_wait(generation)) == -1) {
		snprintf(why, sizeof(why),
		    "%s, after it was started again %u times within the time "
		    "of --restart-limit",
		    how, generation->recent - 1);
		tell_given_up(generation, status == 0 ? 1 << 8 : status, why);
		return;
	}
	delay = clock_interval(wait);
	evtimer_add(generation->backoff, &delay);
}

/* What has no program could not be given one when it was to start again. */
static int
equip_and_start(struct generation *generation, char *why, size_t size)
{
	if (generation->program == NULL &&
	    generation_equip(generation, -1, why, size) == -1)
		return -1;
	return generation_start(generation, why, size);
}

static void
start_now(struct generation *generation)
{
	char why[512], from[PATH_MAX + 64];

	if (generation->service->ending)
		return;
	if (equip_and_start(generation, why, sizeof(why)) == 0) {
		generation->restarts++;
		attempt_describe(generation, from, sizeof(from));
		events_emit(generation->service, "restarted", generation,
		    "started again, PID %d%s",
		    program_main(generation->program), from);
		if (generation->role == ROLE_ACTIVE)
			recheck_begin(generation);
		return;
	}
	log_error("generation %u: %s", generation->number, why);
	if (!events_of(generation)->ended(generation, why))
		generation_start_again(generation, 1 << 8, why);
}

static void
looked(struct image *image, const char *why, void *arg)
{
	struct generation *generation = arg;

	generation->look = NULL;
	image_unref(image);
	start_now(generation);
}

/* The folder may have been changed since it was kept: that takes a look. */
static void
restart(evutil_socket_t fd, short what, void *arg)
{
	struct generation *generation = arg;
	struct service *service = generation->service;
	struct image *image = generation->image;

	if (image->folder.path != NULL && generation->look == NULL)
		generation->look = image_look(service->base, image,
		    service->options->start_timeout_ms, looked, generation);
	if (generation->look == NULL)
		start_now(generation);
}

void
generation_try_again(struct generation *generation)
{
	struct timeval now = { 0, 0 };

	if (generation->given_up)
		evtimer_add(generation->backoff, &now);
	generation->given_up = false;
}

/* Not counted as a restart: only the way of the start has failed. */
static bool
start_differently(struct generation *generation, int status, const char *how)
{
	struct timeval now = { 0 };

	if (generation->service->ending ||
	    (generation->role != ROLE_ACTIVE &&
		generation->role != ROLE_CANDIDATE) ||
	    !attempt_differently(generation, status, how))
		return false;
	evtimer_add(generation->backoff, &now);
	return true;
}

static void
program_ended(int status, const char *how, void *arg)
{
	struct generation *generation = arg;

	recheck_end(generation);
	if (start_differently(generation, status, how) ||
	    events_of(generation)->ended(generation, how))
		return;
	events_emit(generation->service, "crashed", generation, "%s %s",
	    role_name(generation->role), how);
	if (generation->role == ROLE_ACTIVE && !generation->service->ending)
		generation_start_again(generation, status, how);
	else
		events_of(generation)->left(generation);
}

static void
program_hung(const char *how, void *arg)
{
	struct generation *generation = arg;

	if (!events_of(generation)->ended(generation, how))
		events_emit(generation->service, "hung", generation,
		    "%s %s: aborted", role_name(generation->role), how);
}

static void
program_stopped(void *arg)
{
	struct generation *generation = arg;

	events_of(generation)->stopped(generation);
}

static void
program_ready(void *arg)
{
	struct generation *generation = arg;

	events_of(generation)->ready(generation);
}

static void
program_told(const struct notify_message *message, void *arg)
{
	struct generation *generation = arg;

	intention_hear(generation, message);
	stored_told(generation, message);
	if (message->extend_usec >= 0)
		events_of(generation)->extend(generation, message->extend_usec);
	if (message->watchdog_usec >= 0)
		state_changed(generation->service);
}

static void
program_followed(void *arg)
{
	struct generation *generation = arg;

	if (generation->service->main_changed != NULL)
		generation->service->main_changed(generation->service);
}

static bool
program_owns(pid_t pid, void *arg)
{
	return stock_has(arg, &pid, 1);
}

static const struct program_events program_events = {
	.owns = program_owns,
	.ready = program_ready,
	.told = program_told,
	.followed = program_followed,
	.ended = program_ended,
	.hung = program_hung,
	.stopped = program_stopped,
};

int
generation_equip(
    struct generation *generation, int notify_fd, char *why, size_t size)
{
	struct service *service = generation->service;
	struct program_stop stop = { service->options->stop_signal,
		service->options->stop_timeout_ms };
	struct origin origin;
	gid_t gid;

	strlcpy(origin.mark, service->mark, sizeof(origin.mark));
	owner_ids(generation->image, &origin.uid, &gid);
	reach_open(generation);
	generation->program = program_new(service->base, service->options->name,
	    generation->number, service->runtime, &origin, gid, notify_fd,
	    &stop, &program_events, generation);
	if (generation->program == NULL) {
		snprintf(why, size, "cannot make its notification socket: %s",
		    strerror(errno));
		return -1;
	}
	generation->wrap = wrap_new(generation, why, size);
	if (generation->wrap == NULL) {
		program_free(generation->program);
		generation->program = NULL;
		return -1;
	}
	held_put(service, "notify", generation->number,
	    program_notify_fd(generation->program));
	return 0;
}

struct generation *
generation_make(
    struct service *service, struct image *image, unsigned int number)
{
	struct generation *generation = calloc(1, sizeof(*generation));

	if (generation == NULL ||
	    (generation->backoff =
		    evtimer_new(service->base, restart, generation)) == NULL) {
		free(generation);
		image_unref(image);
		return NULL;
	}
	generation->service = service;
	generation->image = image;
	generation->number = number;
	TAILQ_INSERT_TAIL(&service->generations, generation, entry);
	generation->latecomers = latecomers_new(generation);
	if (generation->latecomers != NULL && stored_begin(generation) == 0)
		return generation;
	generation_free(generation);
	return NULL;
}

struct generation *
generation_new(
    struct service *service, struct image *image, char *why, size_t size)
{
	struct generation *generation =
	    generation_make(service, image, ++service->last_number);
	size_t i;

	if (generation == NULL) {
		snprintf(why, size, "a generation cannot be made: %s",
		    strerror(errno));
		return NULL;
	}
	generation->role = ROLE_CANDIDATE;
	clock_stamp(generation->started);
	for (i = 0; i < IMAGE_FDS; i++)
		held_put(service, image_fd_names[i], generation->number,
		    *image_fd(image, i));
	if (generation_equip(generation, -1, why, size) == 0)
		return generation;
	generation_free(generation);
	return NULL;
}

void
generation_close(struct generation *generation)
{
	struct service *service = generation->service;
	struct program *program = generation->program;
	struct wrap *wrap = generation->wrap;

	recheck_end(generation);
	health_stop(generation->health);
	generation->health = NULL;
	evtimer_del(generation->backoff);
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

int
generation_revive(struct generation *generation, char *why, size_t size)
{
	const struct image *image = generation->image;

	generation->role = ROLE_ACTIVE;
	generation->restarts++;
	/* Most likely the candidate's release is there now. */
	generation->image->folder.changed = image->folder.path != NULL &&
	    !image_folder_is_damaged(image->folder.kept);
	return equip_and_start(generation, why, size);
}

int
generation_start(struct generation *generation, char *why, size_t size)
{
	/* A successor may have found it ended, and come here as well. */
	evtimer_del(generation->backoff);
	/* The result of its former start says nothing of this one. */
	generation->checks.last = HEALTH_NONE;
	if (reach_notify(generation, why, size) == -1)
		return -1;
	latecomers_begin(generation->latecomers);
	/* This also replaces sockets that the program has shut down. */
	if (steering_join(generation, why, size) == -1)
		return -1;
	if (attempt(generation, why, size) == -1)
		return -1;
	quiet_started(generation);
	return 0;
}

struct generation *
generation_find(struct service *service, unsigned int number)
{
	struct generation *generation;

	TAILQ_FOREACH (generation, &service->generations, entry) {
		if (generation->number == number)
			return generation;
	}
	return NULL;
}
