/* SPDX-License-Identifier: ISC */
/*
 * The first state of a rollout: the image is looked up, hashed and copied, and
 * then --check is run.  No process of the candidate runs yet.
 */
#include "rollout/resolve.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/events.h"
#include "core/service.h"
#include "generation/helper.h"
#include "generation/prune.h"
#include "process/image_folder.h"
#include "rollout/course.h"

/* A first start has no old generation that must end before. */
static void
resolved(struct service *service)
{
	bool exclusive = service->release.old != NULL &&
	    service->options->strategy == STRATEGY_EXCLUSIVE;

	course_take(service,
	    exclusive ? EVENT_RESOLVED_EXCLUSIVE : EVENT_RESOLVED, NULL);
}

static void
check_ended(const struct command_result *result, void *arg)
{
	struct service *service = arg;
	char why[RELEASE_WHY], how[COMMAND_DESCRIBE];

	service->release.check = NULL;
	if (result->status == 0) {
		resolved(service);
		return;
	}
	command_describe(result, how);
	snprintf(why, sizeof(why), "--check: %s: %s%s%s",
	    service->options->check, how,
	    result->last_line[0] != '\0' ? ": " : "", result->last_line);
	course_take(service, EVENT_FAILED, why);
}

static void
begin_check(struct service *service)
{
	const struct options *options = service->options;
	struct helper helper = { .command = options->check,
		.generation = service->last_number + 1,
		.timeout_ms = options->start_timeout_ms,
		.log_as = "check" };
	char cause[HELPER_WHY], why[RELEASE_WHY];

	if (options->check == NULL) {
		resolved(service);
		return;
	}
	if (helper_start(service, &helper, check_ended, service,
		&service->release.check, cause, sizeof(cause)) == 0)
		return;
	snprintf(why, sizeof(why), "--check cannot be started: %s", cause);
	course_take(service, EVENT_FAILED, why);
}

static void
image_ready(struct image *image, const char *why, void *arg)
{
	struct service *service = arg;
	bool known;

	service->release.job = NULL;
	if (image == NULL) {
		course_take(service, EVENT_FAILED, why);
		return;
	}
	known = service->release.image != NULL;
	image_unref(service->release.image);
	service->release.image = image;
	if (!known && image->warning != NULL)
		events_emit(
		    service, "warning", NULL, "warning: %s", image->warning);
	if (known && image->folder.path != NULL &&
	    image_folder_is_damaged(image->folder.kept)) {
		course_take(service, EVENT_FAILED,
		    "a file of the directory of --image-path was overwritten "
		    "before its copy was made");
		return;
	}
	/* What was kept by links is made independent of them now. */
	if (image->folder.path != NULL)
		prune_generations(service);
	begin_check(service);
}

static struct image_job *
prepare(struct service *service)
{
	struct release *release = &service->release;
	const struct options *options = service->options;
	char store[PATH_MAX + 8], folders[PATH_MAX + 16];
	struct image_spec spec = { .exe = release->exe,
		.argv = release->program,
		.env = options->env,
		.chdir = options->chdir,
		.folder = options->image_path,
		.folders = folders,
		.known =
		    service->active != NULL ? service->active->image : NULL,
		.user = options->user,
		.group = options->group,
		.signals = { .stop = options->stop_signal,
		    .park = options->park_signal,
		    .unpark = options->unpark_signal,
		    .stop_timeout_ms = options->stop_timeout_ms },
		.umask = options->umask,
		.clear_env = options->clear_env,
		.no_new_privs = options->no_new_privs,
		.patience_ms = options->start_timeout_ms };

	snprintf(store, sizeof(store), "%s/images", service->state);
	snprintf(folders, sizeof(folders), "%s/folders", service->state);
	return image_prepare(service->base, &spec,
	    options->no_image_copy ? NULL : store, image_ready, service);
}

void
resolve_begin(struct service *service, const char *why)
{
	struct release *release = &service->release;

	helper_forget_user(service);
	if (release->image == NULL)
		release->job = prepare(service);
	else if (release->image->folder.path != NULL)
		release->job = image_look(service->base, release->image,
		    service->options->start_timeout_ms, image_ready, service);
	else {
		begin_check(service);
		return;
	}
	if (release->job == NULL)
		course_fail(service, "the image cannot be looked up");
	else if (service->options->quiet && service->active != NULL &&
	    release->kind != RELEASE_ROLLBACK)
		image_job_defer(release->job);
}

void
resolve_cancel(struct service *service)
{
	struct release *release = &service->release;

	if (release->job != NULL)
		image_cancel(release->job);
	if (release->check != NULL)
		command_cancel(release->check);
	release->job = NULL;
	release->check = NULL;
}
