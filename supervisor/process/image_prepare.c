/* SPDX-License-Identifier: ISC */
/*
 * The jobs that read the files of an image.  A child does the reading; its
 * result comes back in a memfd, since a pipe can be full.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/memory.h"
#include "base/proc.h"
#include "process/child.h"
#include "process/image.h"
#include "process/image_check.h"
#include "process/image_copy.h"
#include "process/image_folder.h"
#include "process/program_kind.h"
#include "process/reaper.h"

#define RESULT_MAX (1 << 20) /* bytes of the child's result */
#define LOOKS	   4	     /* at the child, before it is given up */

struct image_job;

/*
 * What a kind of job does: in the child, *new*, and with what it found; that
 * calls done.
 */
struct work {
	json_t *(*run)(const struct image_job *);
	void (*finish)(struct image_job *, const json_t *, const char *why);
};

struct image_job {
	const struct work *work;
	const struct image_spec *spec; /* to be prepared, while it starts */
	struct image *image;	       /* to be looked at, or known */
	struct image_known known;
	json_t *folders; /* to keep and to remove */
	pid_t pid;
	struct event *look;   /* at the child; NULL: it may take any time */
	struct timeval every; /* from one look to the next */
	unsigned int idle;    /* looks that found it where it was before */
	long sleeps;	      /* how often it had slept by then */
	int result;	      /* memfd */
	char *file;	      /* as asked for, for the reason */
	char *store;
	image_done *done;
	void *arg;
};

static void
job_free(struct image_job *job)
{
	if (job->look != NULL)
		event_free(job->look);
	fd_close(&job->result);
	image_unref(job->image);
	json_decref(job->folders);
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

static json_t *
run_prepare(const struct image_job *job)
{
	json_t *found = image_check(job->spec, job->store, &job->known);

	add_kind(found);
	return found;
}

static void
finish_prepare(struct image_job *job, const json_t *found, const char *why)
{
	struct image *image = why == NULL ? image_from_json(found) : NULL;

	if (why == NULL && image == NULL)
		why = "the image cannot be read";
	job->done(image, why, job->arg);
}

static const struct work work_prepare = { run_prepare, finish_prepare };

static json_t *
run_look(const struct image_job *job)
{
	const struct image_folder *folder = &job->image->folder;
	char file[PATH_MAX];

	if (image_folder_inspect(folder->kept, file, sizeof(file)))
		return json_object();
	return json_pack("{sb}", "changed",
	    !image_folder_is_in_place(folder->path, folder->kept));
}

/*
 * What cannot be seen is taken for changed.  A folder that is damaged is not
 * used: the program is started as if nothing of the folder were kept.
 */
static void
finish_look(struct image_job *job, const json_t *found, const char *why)
{
	struct image_folder *folder = &job->image->folder;

	folder->changed = !image_folder_is_damaged(folder->kept) &&
	    !json_is_false(json_object_get(found, "changed"));
	job->done(image_ref(job->image), NULL, job->arg);
}

static const struct work work_look = { run_look, finish_look };

static void
settle(const char *store, const char *id, char *why, size_t size)
{
	char kept[PATH_MAX], file[PATH_MAX];

	snprintf(kept, sizeof(kept), "%s/%s", store, id);
	if (!image_folder_is_damaged(kept) &&
	    image_folder_settle(store, id, why, size) == -1)
		image_folder_inspect(kept, file, sizeof(file));
}

/* At leisure: the service goes on meanwhile. */
static json_t *
run_tidy(const struct image_job *job)
{
	char why[PATH_MAX + 128] = "";
	int lock = image_folder_lock(job->store);
	const json_t *keep;
	const char *id;

	if (lock == -1)
		return json_object(); /* nothing is kept */
	setpriority(PRIO_PROCESS, 0, 19);
	json_object_foreach ((json_t *)job->folders, id, keep) {
		if (!json_is_true(keep))
			image_folder_remove(job->store, id);
		else if (why[0] == '\0')
			settle(job->store, id, why, sizeof(why));
	}
	image_folder_sweep(job->store);
	fd_close(&lock);
	return why[0] != '\0' ? json_pack("{ss}", "error", why) : json_object();
}

static void
finish_tidy(struct image_job *job, const json_t *found, const char *why)
{
	job->done(NULL, why, job->arg);
}

static const struct work work_tidy = { run_tidy, finish_tidy };

/* In the child.  It must never run our exit handlers. */
static _Noreturn void
run(const struct image_job *job)
{
	int result = job->result, r = -1;
	json_t *found;
	char *text;

	if (child_arrange(&result, 1, 0) == -1)
		_exit(EXIT_FAILURE);
	found = job->work->run(job);
	text = found != NULL ? memory_text(found, JSON_COMPACT) : NULL;
	if (text != NULL)
		r = fd_write_all(CHILD_FD_FIRST, text, strlen(text));
	_exit(r == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}

static void
child_ended(pid_t pid, int status, void *arg)
{
	struct image_job *job = arg;
	json_t *found = NULL;
	char how[64], why[512];
	const char *reason;
	char *text = NULL;

	if (status == 0)
		text = fd_read_whole(job->result, RESULT_MAX, NULL);
	if (text != NULL)
		found = json_loads(text, 0, NULL);
	free(text);
	reason = json_string_value(json_object_get(found, "error"));
	if (found == NULL) {
		reaper_describe(status, how, sizeof(how));
		snprintf(why, sizeof(why),
		    "%s could not be prepared: the child that does it %s",
		    job->file, how);
		reason = why;
	}
	if (status != 0 && job->store != NULL)
		image_copy_clean(job->store, pid);
	job->work->finish(job, found, reason);
	json_decref(found);
	job_free(job);
}

/* The child is let go: it may hang where no signal ends it. */
static void
abandon(struct image_job *job)
{
	reaper_forget(job->pid);
	kill(job->pid, SIGKILL);
	if (job->store != NULL)
		image_copy_clean(job->store, job->pid);
}

/*
 * Whoever reads, however slowly, sleeps and wakes up again.  Who waits for a
 * processor, as nice 19 does on a busy machine, does not sleep.
 */
static bool
gets_on(struct image_job *job)
{
	char *status = proc_status(job->pid);
	long sleeps = -1, before = job->sleeps;

	if (status != NULL)
		proc_number(status, "voluntary_ctxt_switches:", 10, &sleeps);
	free(status);
	job->sleeps = sleeps;
	return sleeps != before || proc_state(job->pid) == 'R';
}

static void
look(evutil_socket_t fd, short what, void *arg)
{
	struct image_job *job = arg;
	char why[512];

	job->idle = gets_on(job) ? 0 : job->idle + 1;
	if (job->idle < LOOKS) {
		evtimer_add(job->look, &job->every);
		return;
	}
	snprintf(why, sizeof(why),
	    "%s could not be prepared: reading it does not get on; the file "
	    "system of the file, of its directory or of its interpreter may "
	    "hang",
	    job->file);
	abandon(job);
	job->work->finish(job, NULL, why);
	job_free(job);
}

static int
plan_look(struct image_job *job, struct event_base *base, int64_t patience_ms)
{
	if (patience_ms <= 0)
		return 0;
	job->every = clock_interval((patience_ms + LOOKS - 1) / LOOKS);
	job->look = evtimer_new(base, look, job);
	return job->look == NULL ? -1 : evtimer_add(job->look, &job->every);
}

static int
start_child(struct image_job *job)
{
	if ((job->pid = child_fork_apart()) == 0)
		run(job);
	return job->pid == -1 ? -1 : 0;
}

/* NULL with errno; releases the job then. */
static struct image_job *
start(struct image_job *job, struct event_base *base, int64_t patience_ms)
{
	int error;

	job->result = memfd_create("hotswap-image", MFD_CLOEXEC);
	if (job->file == NULL || job->result == -1 ||
	    plan_look(job, base, patience_ms) == -1 || start_child(job) == -1)
		goto fail;
	if (reaper_watch(job->pid, child_ended, job) == -1)
		goto fail;
	job->spec = NULL;
	return job;
fail:
	error = errno;
	if (job->pid > 0)
		kill(job->pid, SIGKILL);
	job_free(job);
	errno = error;
	return NULL;
}

static struct image_job *
job_new(const struct work *work, const char *file, const char *store,
    image_done *done, void *arg)
{
	struct image_job *job = calloc(1, sizeof(*job));

	if (job == NULL)
		return NULL;
	job->work = work;
	job->result = -1;
	job->done = done;
	job->arg = arg;
	job->file = strdup(file);
	job->store = store != NULL ? strdup(store) : NULL;
	if (job->file != NULL && (store == NULL || job->store != NULL))
		return job;
	job_free(job);
	return NULL;
}

/* Files that are not settled may be on a file system that hangs. */
static bool
is_known(const struct image_file *file)
{
	return file->settled && image_file_is_held(file);
}

/* The job's reference keeps the inodes from being used for other files. */
static void
set_known(struct image_job *job, struct image *image)
{
	job->image = image_ref(image);
	if (is_known(&image->program))
		job->known.program = &image->program;
	if (is_known(&image->script))
		job->known.script = &image->script;
}

struct image_job *
image_prepare(struct event_base *base, const struct image_spec *spec,
    const char *store, image_done *done, void *arg)
{
	struct image_job *job = job_new(&work_prepare,
	    spec->exe != NULL ? spec->exe : spec->argv[0], store, done, arg);

	if (job == NULL)
		return NULL;
	job->spec = spec;
	if (spec->known != NULL)
		set_known(job, spec->known);
	return start(job, base, spec->patience_ms);
}

struct image_job *
image_look(struct event_base *base, struct image *image, int64_t patience_ms,
    image_done *done, void *arg)
{
	struct image_job *job =
	    job_new(&work_look, image->folder.path, NULL, done, arg);

	if (job == NULL)
		return NULL;
	job->image = image_ref(image);
	return start(job, base, patience_ms);
}

void
image_job_defer(const struct image_job *job)
{
	setpriority(PRIO_PROCESS, (id_t)job->pid, 19);
}

/*
 * Names that are there now: what a job makes later is not among them.  The
 * directory of the copies has no digit in its name.
 */
static void
list_folders(json_t *folders, const char *store)
{
	DIR *directory = opendir(store);
	const struct dirent *entry;
	pid_t writer;

	if (directory == NULL)
		return;
	while ((entry = readdir(directory)) != NULL) {
		writer = image_copy_writer(entry->d_name);
		if (strchr("0123456789", entry->d_name[0]) != NULL ||
		    (writer > 0 && kill(writer, 0) == -1 && errno == ESRCH))
			json_object_set_new(
			    folders, entry->d_name, json_false());
	}
	closedir(directory);
}

struct image_job *
image_tidy(struct event_base *base, const char *store,
    struct image *const *images, size_t n, image_done *done, void *arg)
{
	struct image_job *job = job_new(&work_tidy, store, store, done, arg);
	const char *id;
	size_t i;

	if (job == NULL || (job->folders = json_object()) == NULL) {
		if (job != NULL)
			job_free(job);
		return NULL;
	}
	list_folders(job->folders, store);
	for (i = 0; i < n; i++) {
		if (images[i]->folder.kept == NULL ||
		    (id = strrchr(images[i]->folder.kept, '/')) == NULL)
			continue;
		json_object_set_new(job->folders, id + 1, json_true());
	}
	return start(job, base, 0);
}

void
image_cancel(struct image_job *job)
{
	abandon(job);
	job_free(job);
}
