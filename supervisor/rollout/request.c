/* SPDX-License-Identifier: ISC */
/*
 * Requests of people.  A request that the state does not allow is refused, with
 * a text that says what is under way.
 */
#include "rollout/request.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/strings.h"
#include "config/options.h"
#include "core/events.h"
#include "core/rollout.h"
#include "core/service.h"
#include "core/state.h"
#include "generation/generations.h"
#include "generation/steering.h"
#include "process/image_folder.h"
#include "rollout/course.h"
#include "rollout/outcome.h"
#include "rollout/summary.h"

#define ONE_AT_A_TIME "--strategy exclusive runs one generation at a time"

static void
describe_rollout(const struct service *service, char *why, size_t size)
{
	const struct release *release = &service->release;
	const char *state = rollout_state_name(release->rollout.state);

	if (release->to != 0)
		snprintf(why, size, "a rollout from generation %u to %u is %s",
		    release->from, release->to, state);
	else
		snprintf(why, size, "a rollout from generation %u is %s",
		    release->from, state);
}

/* The generation of a rollback, NULL if there is none. */
static struct generation *
choose_target(struct service *service, unsigned int to)
{
	struct generation *generation, *best = NULL;

	if (to != 0)
		return generation_find(service, to);
	if (service->parked != NULL)
		return service->parked;
	TAILQ_FOREACH (generation, &service->generations, entry) {
		if (generation != service->active && generation->proven)
			best = generation;
	}
	return best;
}

static int
check_target(const struct service *service, const struct generation *target,
    unsigned int to, char *why, size_t size)
{
	if (target == NULL && to != 0)
		snprintf(why, size,
		    "generation %u is not among those that are kept "
		    "(hotswap status shows them)",
		    to);
	else if (target == NULL)
		snprintf(why, size,
		    "there is nothing to roll back to: no other generation "
		    "has served, or --retain kept none");
	else if (target == service->active)
		snprintf(
		    why, size, "generation %u serves already", target->number);
	else
		return 0;
	return -1;
}

/* It runs, and serves again as it is. */
static bool
is_warm(const struct service *service, const struct generation *target)
{
	return target == service->parked && program_main(target->program) != 0;
}

/* A rollback must change something, or it is no rollback. */
static int
check_effect(const struct service *service, const struct generation *target,
    char *why, size_t size)
{
	const struct image *image = target->image;
	struct image_plan plan;

	if (is_warm(service, target))
		return 0;
	if (image->folder.path != NULL &&
	    image_folder_is_damaged(image->folder.kept)) {
		snprintf(why, size,
		    "generation %u cannot be started again: a file of %s was "
		    "overwritten before its copy was made",
		    target->number, image->folder.path);
		return -1;
	}
	if (image_plan_next(image, IMAGE_IN_PLACE, &plan) == -1) {
		snprintf(why, size,
		    "generation %u cannot be started again: %s has changed, "
		    "and there is no copy of what it was",
		    target->number,
		    image_file_is_in_place(&image->program)
			? image->script.path
			: image->program.path);
		return -1;
	}
	if (service->active == NULL ||
	    !image_is_same(image, service->active->image))
		return 0;
	snprintf(why, size,
	    "generation %u would start what serves already: the same %s with "
	    "the same arguments, environment and directory, and what else it "
	    "reads is not kept (--image-path keeps a directory)",
	    target->number,
	    image->script.path != NULL ? image->script.path
				       : image->program.path);
	return -1;
}

/* Use an image and its command line again. */
static int
take_image(struct release *release, struct image *image)
{
	release->image = image_ref(image);
	release->program = strings_copy(image->argv);
	return release->program != NULL &&
		string_copy(image->exe, &release->exe) == 0
	    ? 0
	    : -1;
}

/*
 * The path of the program's file, *new*; NULL: argv[0] is looked up.  A
 * relative path with a slash is relative to the caller's directory, unless the
 * program has a directory of its own (--chdir).  -1 with ENOMEM.
 */
static int
place_file(
    const struct service *service, const struct request *request, char **path)
{
	const char *file = request->exe;

	if (file == NULL && request->program == NULL)
		return string_copy(service->exe, path);
	if (file == NULL)
		file = request->program[0];
	if (file[0] == '/' || request->directory == NULL ||
	    service->options->chdir != NULL || strchr(file, '/') == NULL)
		return string_copy(request->exe, path);
	if (asprintf(path, "%s/%s", request->directory, file) != -1)
		return 0;
	*path = NULL;
	return -1;
}

int
request_check_options(const struct service *service,
    const struct options *options, const char **key, char *why, size_t size)
{
	char fault[RELEASE_WHY - 64];

	if (options->canary.count == 0 && options->preview[0] == NULL)
		return 0;
	if (options->strategy == STRATEGY_EXCLUSIVE)
		strlcpy(fault, ONE_AT_A_TIME, sizeof(fault));
	else if (steering_can_share(service, fault, sizeof(fault)) == 0)
		return 0;
	*key = options->canary.count > 0 ? "canary" : "preview";
	snprintf(why, size, "%s: %s", *key, fault);
	return -1;
}

static int
set_options(struct service *service, const struct request *request,
    const char **key, char *why, size_t size)
{
	struct options *options;
	char fault[OPTIONS_WHY];

	if (request->options == NULL)
		return request_check_options(
		    service, service->options, key, why, size);
	if ((options = options_copy(service->options)) == NULL) {
		snprintf(why, size, "the options: %s", strerror(errno));
		return -1;
	}
	if (options_set_json(options, request->options, true, key, fault,
		sizeof(fault)) == -1) {
		snprintf(why, size, "%s", fault);
		options_free(options);
		return -1;
	}
	if (request_check_options(service, options, key, why, size) == -1) {
		options_free(options);
		return -1;
	}
	service->release.options_before = service->options;
	service->options = options;
	return 0;
}

void
request_plan(struct service *service)
{
	static const unsigned int preview_alone[] = { 0 };
	const struct options *options = service->options;
	const struct release *release = &service->release;
	struct rollout *rollout = &service->release.rollout;

	rollout->nsteps = 0;
	/* A rollback skips the steps, because users are waiting for it. */
	if (release->kind == RELEASE_ROLLBACK || release->old == NULL)
		return;
	rollout->steps = options->canary.percent;
	rollout->nsteps = options->canary.count;
	if (rollout->nsteps == 0 && options->preview[0] != NULL) {
		rollout->steps = preview_alone;
		rollout->nsteps = 1;
	}
}

static int
take_request(struct service *service, const struct request *request,
    struct generation *target)
{
	struct release *release = &service->release;

	release->kind = request->kind;
	release->old = service->active;
	release->from = service->active != NULL ? service->active->number : 0;
	release->to = 0;
	release->candidate = NULL;
	request_plan(service);
	if (request->kind == RELEASE_RESTART)
		return take_image(release, service->active->image);
	if (target != NULL)
		return take_image(release, target->image);
	release->program = strings_copy(
	    request->program != NULL ? request->program : service->program);
	return release->program != NULL &&
		place_file(service, request, &release->exe) == 0
	    ? 0
	    : -1;
}

static int
find_target(struct service *service, const struct request *request,
    struct generation **target, char *why, size_t size)
{
	if (service->ending) {
		snprintf(why, size, "the service is being stopped");
		return -1;
	}
	if (service->release.rollout.state != ROLLOUT_IDLE) {
		describe_rollout(service, why, size);
		return -1;
	}
	*target = NULL;
	if (request->kind != RELEASE_ROLLBACK)
		return 0;
	*target = choose_target(service, request->to);
	if (check_target(service, *target, request->to, why, size) == -1)
		return -1;
	return check_effect(service, *target, why, size);
}

/* Nothing has begun. */
static void
give_back(struct service *service)
{
	struct release *release = &service->release;

	request_undo(service);
	image_unref(release->image);
	release->image = NULL;
}

enum request_answer
request_begin(struct service *service, const struct request *request,
    const char **key, char *why, size_t size)
{
	struct release *release = &service->release;
	struct generation *target;

	*key = NULL;
	if (find_target(service, request, &target, why, size) == -1)
		return REQUEST_REFUSED;
	if (set_options(service, request, key, why, size) == -1)
		return *key != NULL ? REQUEST_BAD_OPTION : REQUEST_REFUSED;
	if (take_request(service, request, target) == -1 ||
	    outcome_begin(release) == -1) {
		snprintf(why, size, "the request cannot be kept: %s",
		    strerror(errno));
		give_back(service);
		return REQUEST_REFUSED;
	}
	strlcpy(release->id, request->id != NULL ? request->id : "",
	    sizeof(release->id));
	summary_begin(service, &request->by);
	/*
	 * From here on the rollout has an outcome, even if a successor tells
	 * it.
	 */
	state_changed(service);
	if (target != NULL && is_warm(service, target)) {
		release->candidate = target;
		release->to = target->number;
		course_take(service, EVENT_BEGIN_WARM, NULL);
		return REQUEST_BEGUN;
	}
	course_take(service, EVENT_BEGIN, NULL);
	return REQUEST_BEGUN;
}

void
request_undo(struct service *service)
{
	struct release *release = &service->release;

	if (release->options_before != NULL) {
		options_free(service->options);
		service->options = release->options_before;
		release->options_before = NULL;
	}
	strings_free(release->program);
	free(release->exe);
	release->program = NULL;
	release->exe = NULL;
}

void
request_keep(struct service *service)
{
	struct release *release = &service->release;

	options_free(release->options_before);
	release->options_before = NULL;
	strings_free(service->program);
	free(service->exe);
	service->program = release->program;
	service->exe = release->exe;
	release->program = NULL;
	release->exe = NULL;
}

/* Why a request that needs a serving candidate is refused. */
static int
refuse_early(const struct service *service, char *why, size_t size)
{
	if (service->release.rollout.state == ROLLOUT_IDLE)
		snprintf(why, size, "no rollout is under way");
	else
		snprintf(
		    why, size, "the candidate has not passed its check yet");
	return -1;
}

int
request_promote(struct service *service, char *why, size_t size)
{
	if (course_take(service, EVENT_PROMOTE, "promoted on request"))
		return 0;
	return refuse_early(service, why, size);
}

int
request_split(
    struct service *service, unsigned int percent, char *why, size_t size)
{
	if (service->options->strategy == STRATEGY_EXCLUSIVE) {
		strlcpy(why, ONE_AT_A_TIME, size);
		return -1;
	}
	if (percent > 0 && percent < 100 &&
	    steering_can_share(service, why, size) == -1)
		return -1;
	if (course_split(service, percent))
		return 0;
	return refuse_early(service, why, size);
}

int
request_abort(struct service *service, char *why, size_t size)
{
	if (service->release.kind != RELEASE_FIRST &&
	    course_take(service, EVENT_ABORT, "aborted on request"))
		return 0;
	if (service->release.rollout.state == ROLLOUT_RESTORING)
		describe_rollout(service, why, size);
	else
		snprintf(why, size, "no rollout is under way");
	return -1;
}

bool
request_rescue(struct service *service, const char *why)
{
	struct request request = { .kind = RELEASE_ROLLBACK };
	char fault[RELEASE_WHY];
	const char *key;

	if (service->ending)
		return false;
	if (service->release.rollout.state == ROLLOUT_RESTORING)
		return !course_take(service, EVENT_FAILED, why);
	if (service->release.rollout.state != ROLLOUT_IDLE) {
		/*
		 * No other generation serves: a healthy candidate gets all
		 * traffic.
		 */
		service->release.rollout.nsteps = 0;
		course_take(service, EVENT_HELD, NULL);
		return true;
	}
	if (service->parked == NULL)
		return false;
	events_emit(service, "given-up", service->active,
	    "cannot be kept running (%s): going back to generation %u", why,
	    service->parked->number);
	return request_begin(service, &request, &key, fault, sizeof(fault)) ==
	    REQUEST_BEGUN;
}

bool
request_turn_back(struct service *service, const struct asker *by)
{
	struct request request = { .kind = RELEASE_ROLLBACK, .by = *by };
	char why[RELEASE_WHY];
	const char *key;

	if (service->release.rollout.state != ROLLOUT_IDLE) {
		chronicle_ask(&service->release.chronicle, "abort", by);
		if (request_abort(service, why, sizeof(why)) == 0)
			return true;
		chronicle_unask(&service->release.chronicle);
	} else if (request_begin(service, &request, &key, why, sizeof(why)) ==
	    REQUEST_BEGUN)
		return true;
	log_warn("%s: cannot roll back: %s", by->how, why);
	return false;
}
