/* SPDX-License-Identifier: ISC */
/*
 * The job that prepares an image.  A child does the reading; its result comes
 * back in a memfd, since a pipe can be full.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "process/child.h"
#include "process/image.h"
#include "process/image_check.h"
#include "process/image_copy.h"
#include "process/program_kind.h"
#include "process/reaper.h"

#define RESULT_MAX (1 << 20) /* bytes of the child's result */

struct image_job {
	pid_t pid;
	int result; /* memfd */
	char *file; /* as asked for, for the reason */
	char *store;
	image_done *done;
	void *arg;
};

static void
job_free(struct image_job *job)
{
	fd_close(&job->result);
	free(job->file);
	free(job->store);
	free(job);
}

/* Find out how the shim can see its calls, here, where it may take time. */
static void
add_kind(json_t *found)
{
	const char *program =
	    json_string_value(json_object_get(found, "program"));
	struct program_kind kind;

	/* It may be executed but not read: seccomp suits any program. */
	if (program != NULL && program_kind_read(&kind, program) == -1)
		kind = (struct program_kind){ .native = true };
	if (program != NULL)
		json_object_set_new(found, "kind", program_kind_save(&kind));
}

/* In the child.  It must never run our exit handlers. */
static _Noreturn void
prepare(const struct image_spec *spec, const char *store, int result)
{
	json_t *found;
	char *text;
	int r;

	if (child_arrange(&result, 1, 0) == -1)
		_exit(EXIT_FAILURE);
	found = image_check(spec, store);
	add_kind(found);
	text = found != NULL ? json_dumps(found, JSON_COMPACT) : NULL;
	r = text != NULL ? fd_write_all(CHILD_FD_FIRST, text, strlen(text))
			 : -1;
	_exit(r == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}

static void
child_ended(pid_t pid, int status, void *arg)
{
	struct image_job *job = arg;
	json_t *found = NULL;
	struct image *image = NULL;
	char how[64], why[512];
	const char *reason;
	char *text = NULL;

	if (status == 0)
		text = fd_read_whole(job->result, RESULT_MAX, NULL);
	if (text != NULL)
		found = json_loads(text, 0, NULL);
	free(text);
	reason = json_string_value(json_object_get(found, "error"));
	if (reason == NULL)
		image = image_from_json(found);
	if (reason == NULL && image == NULL) {
		reaper_describe(status, how, sizeof(how));
		snprintf(why, sizeof(why),
		    "%s could not be prepared: the child that does it %s",
		    job->file, how);
		reason = why;
	}
	if (status != 0 && job->store != NULL)
		image_copy_clean(job->store, pid);
	job->done(image, reason, job->arg);
	json_decref(found);
	job_free(job);
}

/*
 * Until the child has closed our descriptors, a listening socket that we close
 * would go on taking connections.  So wait for that moment, by a pipe whose
 * other end the child closes last.
 */
static int
start_child(struct image_job *job, const struct image_spec *spec)
{
	int held[2];
	char none;

	if (pipe2(held, O_CLOEXEC) == -1)
		return -1;
	job->pid = child_fork();
	if (job->pid == 0)
		prepare(spec, job->store, job->result);
	fd_close(&held[1]);
	if (job->pid != -1)
		while (read(held[0], &none, 1) == -1 && errno == EINTR)
			continue;
	fd_close(&held[0]);
	return job->pid == -1 ? -1 : 0;
}

struct image_job *
image_prepare(struct event_base *base, const struct image_spec *spec,
    const char *store, image_done *done, void *arg)
{
	struct image_job *job = calloc(1, sizeof(*job));

	if (job == NULL)
		return NULL;
	job->done = done;
	job->arg = arg;
	job->file = strdup(spec->exe != NULL ? spec->exe : spec->argv[0]);
	job->store = store != NULL ? strdup(store) : NULL;
	job->result = memfd_create("hotswap-image", MFD_CLOEXEC);
	if (job->file == NULL || (store != NULL && job->store == NULL) ||
	    job->result == -1 || start_child(job, spec) == -1)
		goto fail;
	if (reaper_watch(job->pid, child_ended, job) == -1) {
		kill(job->pid, SIGKILL);
		goto fail;
	}
	return job;
fail:
	job_free(job);
	return NULL;
}

void
image_cancel(struct image_job *job)
{
	reaper_forget(job->pid);
	kill(job->pid, SIGKILL);
	if (job->store != NULL)
		image_copy_clean(job->store, job->pid);
	job_free(job);
}
