/* SPDX-License-Identifier: ISC */
/*
 * Jobs that the supervisor gives to children of its own: images
 * (process/image_prepare.h), commands and probes.  Each takes its time.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "process/command.h"
#include "process/image.h"
#include "process/probe.h"
#include "world.h"

struct image_job {
	struct event *timer;
	json_t *source;
	struct image *image;
	image_done *done;
	void *arg;
};

void
image_cancel(struct image_job *job)
{
	event_free(job->timer);
	json_decref(job->source);
	image_unref(job->image);
	free(job);
}

static void
finish(evutil_socket_t fd, short what, void *arg)
{
	struct image_job *job = arg;
	image_done *done = job->done;
	void *done_arg = job->arg;
	struct image *image = job->source != NULL ? image_from_json(job->source)
	    : job->image != NULL		  ? image_ref(job->image)
						  : NULL;
	bool tidies = job->source == NULL && job->image == NULL;

	image_cancel(job);
	done(image,
	    image == NULL && !tidies ? "the image cannot be read" : NULL,
	    done_arg);
}

/* *Steals* source. */
static struct image_job *
begin(struct event_base *base, json_t *source, struct image *image,
    image_done *done, void *arg)
{
	struct timeval delay = clock_interval(draw(30));
	struct image_job *job = calloc(1, sizeof(*job));

	step("fork");
	if (job == NULL) {
		json_decref(source);
		return NULL;
	}
	*job = (struct image_job){ .source = source,
		.image = image != NULL ? image_ref(image) : NULL,
		.done = done,
		.arg = arg,
		.timer = event_new(base, -1, 0, finish, job) };
	if (job->timer != NULL) {
		event_add(job->timer, &delay);
		return job;
	}
	json_decref(source);
	image_unref(job->image);
	free(job);
	errno = ENOMEM;
	return NULL;
}

static json_t *
list(char *const *strings)
{
	json_t *array = json_array();

	for (; strings != NULL && *strings != NULL; strings++)
		json_array_append_new(array, json_string(*strings));
	return array;
}

struct image_job *
image_prepare(struct event_base *base, const struct image_spec *spec,
    const char *store, image_done *done, void *arg)
{
	const char *path = spec->argv[0];
	char sha256[65];
	struct stat st = { 0 };

	stat(path, &st);
	snprintf(sha256, sizeof(sha256), "%064x", (unsigned int)st.st_ino);
	return begin(base,
	    json_pack("{ss ss so so so si sb sb}", "program", path, "sha256",
		sha256, "file", image_file_identity(&st), "arguments",
		list(spec->argv), "env", list(spec->env), "umask", spec->umask,
		"clear-env", 0, "no-new-privs", 0),
	    NULL, done, arg);
}

struct image_job *
image_look(struct event_base *base, struct image *image, int64_t patience_ms,
    image_done *done, void *arg)
{
	return begin(base, NULL, image, done, arg);
}

struct image_job *
image_tidy(struct event_base *base, const char *store,
    struct image *const *images, size_t n, image_done *done, void *arg)
{
	return begin(base, NULL, NULL, done, arg);
}

void
image_job_defer(const struct image_job *job)
{
}

/* COMMANDS: none is configured. */

struct command *
command_start(struct event_base *base, const struct command_spec *spec,
    command_done *done, void *arg)
{
	errno = ENOSYS;
	return NULL;
}

void
command_cancel(struct command *command)
{
}

void
command_describe(
    const struct command_result *result, char buf[static COMMAND_DESCRIBE])
{
	strlcpy(buf, "", COMMAND_DESCRIBE);
}

struct probe *
probe_start(struct event_base *base, const struct probe_spec *spec,
    probe_done *done, void *arg)
{
	errno = ENOSYS;
	return NULL;
}

void
probe_cancel(struct probe *probe)
{
}
