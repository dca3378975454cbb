/* SPDX-License-Identifier: ISC */
/*
 * A generation in the checkpoint.
 */
#include "generation/generation_state.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "base/describe.h"
#include "base/fd.h"
#include "base/log.h"
#include "core/generation.h"
#include "core/held.h"
#include "core/service.h"
#include "generation/generations.h"
#include "generation/latecomers.h"
#include "generation/quiet.h"
#include "generation/retire.h"
#include "generation/steering.h"
#include "generation/stored.h"
#include "generation/wrap.h"
#include "process/notify.h"

static json_t *
save_checks(const struct health_record *checks, const json_t *before)
{
	/* A reason that is not UTF-8 is left out. */
	return describe(before, "{si sI sI so*}", "last", (int)checks->last,
	    "passes", (json_int_t)checks->passes, "failures",
	    (json_int_t)checks->failures, "reason",
	    json_string(checks->reason));
}

/* The results as of the last checkpoint; an older build has saved none. */
static void
restore_checks(struct health_record *checks, const json_t *saved)
{
	json_int_t passes, failures;
	const char *reason = "";
	int last;

	if (json_unpack((json_t *)saved, "{si sI sI s?s}", "last", &last,
		"passes", &passes, "failures", &failures, "reason",
		&reason) == -1 ||
	    last < HEALTH_NONE || last > HEALTH_FAIL)
		return;
	checks->last = last;
	checks->passes = (unsigned int)passes;
	checks->failures = (unsigned int)failures;
	strlcpy(checks->reason, reason, sizeof(checks->reason));
}

/* A supervisor may end before it has resumed all generations. */
static json_t *
save_retirement(const struct generation *generation)
{
	return generation->retirement == NULL
	    ? json_incref(generation->unresumed)
	    : retire_save(generation);
}

json_t *
generation_save(const struct generation *generation, const json_t *before)
{
	json_t *program = generation->program != NULL
	    ? program_save(generation->program)
	    : NULL;

	/* Leaving the program out would mean that it does not run. */
	if (generation->program != NULL && program == NULL)
		return NULL;
	return describe(before,
	    "{si ss sI sb sb ss sI sb sb si so so so so so* so* so*}", "number",
	    (int)generation->number, "role", role_name(generation->role),
	    "share", (json_int_t)generation->share, "quiet",
	    (int)generation->quiet, "proven", (int)generation->proven,
	    "started", generation->started, "restarts",
	    (json_int_t)generation->restarts, "sick",
	    (int)generation->checks.sick, "steers", (int)generation->steers,
	    "way", (int)generation->way, "checks",
	    save_checks(&generation->checks, json_object_get(before, "checks")),
	    "image", image_to_json(generation->image), "stored",
	    stored_save(generation), "latecomers",
	    latecomers_save(
		generation->latecomers, json_object_get(before, "latecomers")),
	    "program", program, "wrap",
	    generation->wrap != NULL ? wrap_save(generation->wrap) : NULL,
	    "retirement", save_retirement(generation));
}

/* The image's descriptors may be the only ways to its files. */
static void
take_image_files(struct generation *generation)
{
	size_t i;
	int fd, *own;

	for (i = 0; i < IMAGE_FDS; i++) {
		fd = held_take(
		    generation->service, image_fd_names[i], generation->number);
		own = image_fd(generation->image, i);
		if (*own == -1)
			*own = fd;
		else
			fd_close(&fd);
	}
}

/* After an adoption nobody has held them. */
static void
find_image_files(struct generation *generation)
{
	pid_t main =
	    generation->program != NULL ? program_main(generation->program) : 0;
	size_t i;

	if (main == 0 || generation->image->program.fd != -1)
		return;
	image_find_in(generation->image, main);
	for (i = 0; i < IMAGE_FDS; i++)
		held_put(generation->service, image_fd_names[i],
		    generation->number, *image_fd(generation->image, i));
}

static int
restore_program(struct generation *generation, const json_t *saved)
{
	const char *notify;
	char why[256];
	int fd;

	if (saved == NULL)
		return 0;
	fd = held_take(generation->service, "notify", generation->number);
	notify = json_string_value(json_object_get(saved, "notify"));
	if (fd == -1 && notify != NULL && notify[0] == '@')
		fd = notify_revive(notify);
	if (generation_equip(generation, fd, why, sizeof(why)) == -1) {
		log_error("generation %u: %s", generation->number, why);
		errno = EINVAL;
		return -1;
	}
	program_restore(generation->program, saved);
	return 0;
}

/* An older build has saved none. */
static void
restore_way(struct generation *generation, const json_t *saved)
{
	json_int_t way = json_integer_value(saved);

	if (way > 0 && way < IMAGE_WAYS)
		generation->way = (enum image_way)way;
}

static enum role
find_role(const char *name)
{
	enum role role;

	for (role = ROLE_CANDIDATE; role < ROLE_FAILED; role++)
		if (strcmp(role_name(role), name) == 0)
			break;
	return role;
}

struct generation *
generation_restore(struct service *service, const json_t *saved)
{
	struct image *image = image_from_json(json_object_get(saved, "image"));
	struct generation *generation;
	json_int_t share, restarts;
	const char *role, *started;
	int number, proven, sick;

	if (image == NULL ||
	    json_unpack((json_t *)saved, "{si ss sI sb ss sI sb}", "number",
		&number, "role", &role, "share", &share, "proven", &proven,
		"started", &started, "restarts", &restarts, "sick",
		&sick) == -1) {
		image_unref(image);
		errno = EINVAL;
		return NULL;
	}
	generation = generation_make(service, image, (unsigned int)number);
	if (generation == NULL)
		return NULL;
	generation->role = find_role(role);
	generation->share = (unsigned int)share;
	generation->proven = proven;
	generation->restarts = (unsigned int)restarts;
	generation->checks.sick = sick;
	generation->steers = json_is_true(json_object_get(saved, "steers"));
	generation->quiet = json_is_true(json_object_get(saved, "quiet"));
	restore_way(generation, json_object_get(saved, "way"));
	restore_checks(&generation->checks, json_object_get(saved, "checks"));
	strlcpy(generation->started, started, sizeof(generation->started));
	generation->unresumed =
	    json_incref(json_object_get(saved, "retirement"));
	latecomers_restore(
	    generation->latecomers, json_object_get(saved, "latecomers"));
	return generation;
}

int
generation_take_over(struct generation *generation, const json_t *saved)
{
	take_image_files(generation);
	if (stored_restore(generation, json_object_get(saved, "stored")) ==
		-1 ||
	    restore_program(generation, json_object_get(saved, "program")) ==
		-1)
		return -1;
	find_image_files(generation);
	if (generation->wrap == NULL)
		return 0;
	return wrap_restore(generation->wrap, json_object_get(saved, "wrap"));
}

/* Each role resumes in its way; a stop that was under way is repeated. */
static void
resume(struct generation *generation, const json_t *saved)
{
	const json_t *retirement = json_object_get(saved, "retirement");
	struct timeval now = { 0 };

	if (generation->program == NULL) {
		/* It could not be given one when it was to start again. */
		if (generation->role == ROLE_ACTIVE) {
			evtimer_add(generation->backoff, &now);
		} else if (generation->role == ROLE_DRAINING) {
			/* The predecessor may have left some listeners only. */
			steering_leave(generation);
			generation->role = ROLE_RETIRED;
		}
		return;
	}
	/* The predecessor ended just when the program was started. */
	if (wrap_is_unanswered(generation->wrap))
		program_signal(generation->program, SIGKILL);
	switch (generation->role) {
	case ROLE_CANDIDATE:
		break;
	case ROLE_ACTIVE:
		if (program_main(generation->program) == 0)
			evtimer_add(generation->backoff, &now);
		break;
	case ROLE_PARKED:
		/* It was to serve again: the rollback decides. */
		if (generation == generation->service->release.candidate)
			break;
		/* FALLTHROUGH */
	default:
		/* Share and no retirement: it was to serve again. */
		if (generation->share == 0 || retirement != NULL)
			retire_restore(generation, retirement);
	}
}

void
generation_resume(struct generation *generation, const json_t *saved)
{
	quiet_end(generation);
	resume(generation, saved);
	json_decref(generation->unresumed);
	generation->unresumed = NULL;
}
