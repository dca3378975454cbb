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

#include "base/fd.h"
#include "base/log.h"
#include "core/events.h"
#include "core/held.h"
#include "core/owner.h"
#include "core/program_signals.h"
#include "core/service.h"
#include "core/state.h"
#include "generation/attempt.h"
#include "generation/closing.h"
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

/* What it lacks may be there again at any time: nobody is given up for that. */
static void
await_system(struct generation *generation, const char *why)
{
	restart_tell_lack(generation, why);
	restart_after(generation, restart_wait_for_system(generation));
	if (restart_lacks_for_long(generation)) /* it may be gone after this */
		events_of(generation)->lacking(generation, why);
}

void
generation_start_again(
    struct generation *generation, int status, const char *how)
{
	char why[128];
	int64_t wait;

	if (generation->service->ending)
		return;
	if (generation->lacks > 0) {
		await_system(generation, how);
		return;
	}
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
	restart_after(generation, wait);
}

/* What retires, or has, is not started again. */
static bool
may_start(const struct generation *generation)
{
	return !generation->service->ending &&
	    (generation->role == ROLE_ACTIVE ||
		generation->role == ROLE_CANDIDATE);
}

static void
start_failed(struct generation *generation, const char *why)
{
	if (generation->lacks == 0)
		log_error("generation %u: %s", generation->number, why);
	if (!events_of(generation)->ended(generation, why))
		generation_start_again(generation, 1 << 8, why);
}

static void
start_now(struct generation *generation)
{
	char why[512], from[PATH_MAX + 64];

	if (!may_start(generation))
		return;
	if (generation_start(generation, why, sizeof(why)) == 0) {
		generation->restarts++;
		attempt_describe(generation, from, sizeof(from));
		events_emit(generation->service, "restarted", generation,
		    "started again, PID %d%s",
		    program_main(generation->program), from);
		/* A rollout that brings it back checks it by itself. */
		if (generation->role == ROLE_ACTIVE &&
		    generation != generation->service->release.candidate)
			recheck_begin(generation);
	} else
		start_failed(generation, why);
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
look_first(struct generation *generation)
{
	struct service *service = generation->service;
	struct image *image = generation->image;
	char why[PATH_MAX + 128];

	if (generation->look != NULL)
		return;
	generation->look = image_look(service->base, image,
	    service->options->start_timeout_ms, looked, generation);
	if (generation->look != NULL)
		return;
	restart_note(generation, -1);
	snprintf(why, sizeof(why), "cannot look at %s: %s", image->folder.path,
	    strerror(errno));
	start_failed(generation, why);
}

static void
restart(evutil_socket_t fd, short what, void *arg)
{
	struct generation *generation = arg;

	if (!may_start(generation))
		return;
	if (generation_runs(generation))
		recheck_begin(generation);
	else if (generation->image->folder.path != NULL)
		look_first(generation);
	else
		start_now(generation);
}

void
generation_give_way(struct generation *generation)
{
	evtimer_del(generation->backoff);
	generation->given_up = true;
}

void
generation_try_again(struct generation *generation)
{
	if (generation->given_up)
		restart_after(generation, restart_wait_for_system(generation));
	generation->given_up = false;
}

/* Not counted as a restart: only the way of the start has failed. */
static bool
start_differently(struct generation *generation, int status, const char *how)
{
	if (!may_start(generation) ||
	    !attempt_differently(generation, status, how))
		return false;
	generation->checks.last = HEALTH_NONE;
	restart_after(generation, 0);
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
	struct image_signals signals = program_signals(generation);
	struct program_stop stop = { signals.stop, signals.stop_timeout_ms };
	struct origin origin;
	gid_t gid;

	strlcpy(origin.mark, service->mark, sizeof(origin.mark));
	if (owner_ids(generation->image, &origin.uid, &gid) == -1) {
		snprintf(why, size, "the user of its processes: %s",
		    strerror(errno));
		if (notify_fd == -1)
			return -1;
		/* A successor takes over what runs all the same. */
		log_warn("generation %u: %s", generation->number, why);
		origin.uid = geteuid();
		gid = getegid();
	}
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
		program_free(generation->program); /* errno stays */
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

int
generation_revive(struct generation *generation, char *why, size_t size)
{
	const struct image *image = generation->image;

	generation->role = ROLE_ACTIVE;
	/* Most likely the candidate's release is there now. */
	generation->image->folder.changed = image->folder.path != NULL &&
	    !image_folder_is_damaged(image->folder.kept);
	if (generation_start(generation, why, size) == -1)
		return -1;
	generation->restarts++;
	return 0;
}

static int
start(struct generation *generation, char *why, size_t size)
{
	/* A successor may have found it ended, and come here as well. */
	evtimer_del(generation->backoff);
	/* It could not be given a program when it was to start before. */
	if (generation->program == NULL &&
	    generation_equip(generation, -1, why, size) == -1)
		return -1;
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

int
generation_start(struct generation *generation, char *why, size_t size)
{
	return restart_note(generation, start(generation, why, size));
}

bool
generation_runs(const struct generation *generation)
{
	return generation->program != NULL &&
	    program_main(generation->program) != 0;
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
