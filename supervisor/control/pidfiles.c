/* SPDX-License-Identifier: ISC */
/*
 * Files of process IDs.  Their contents follow from the roles of the
 * generations alone, and are found out again after every event.
 */
#include "control/pidfiles.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "control/oldbin.h"
#include "control/pid_file.h"
#include "core/events.h"
#include "core/service.h"
#include "process/standin.h"

#define OLDBIN ".oldbin" /* as nginx names it */

/* How long a script may take from HUP to QUIT, if --keep is not longer. */
#define PATIENCE_LEAST_MS 60000

/* One file; its file is NULL if the user has not asked for it. */
struct pidfile {
	struct pid_file *file;
	pid_t pid; /* in the file; 0: no file; -1: not known */
};

struct pidfiles {
	struct service *service;
	struct observer observer;
	struct pidfile stand; /* names the stand-in */
	struct pidfile child;
	struct pidfile child_old;
	struct standin *standin;
	struct event *patience; /* pending: QUIT is for the new one */
};

/* Write pid into the file; with 0 remove the file. */
static void
put(struct pidfile *file, pid_t pid)
{
	char why[PID_FILE_WHY];

	if (file->file == NULL || file->pid == pid)
		return;
	if (pid_file_put(file->file, pid, why, sizeof(why)) == -1)
		log_warn("%s", why);
	file->pid = pid;
}

static pid_t
main_of(const struct generation *generation)
{
	if (generation == NULL || generation->program == NULL)
		return 0;
	return program_main(generation->program);
}

static void update(struct pidfiles *);

static void
on_signal(int number, void *arg)
{
	struct pidfiles *pidfiles = arg;
	struct service *service = pidfiles->service;
	struct timeval patience =
	    clock_interval(MAX(service->options->keep_ms, PATIENCE_LEAST_MS));

	if (oldbin_generation(service) == NULL)
		return;
	/* Before oldbin_take, whose events would remove the file otherwise. */
	if (number == SIGHUP)
		evtimer_add(pidfiles->patience, &patience);
	if (!oldbin_take(service, number))
		evtimer_del(pidfiles->patience);
	update(pidfiles);
}

/*
 * The file exists while there is an old generation, or while a script may be
 * between HUP and QUIT.
 */
static void
put_stand(struct pidfiles *pidfiles, bool wanted)
{
	if (pidfiles->stand.file == NULL)
		return;
	if (wanted && pidfiles->standin == NULL) {
		pidfiles->standin =
		    standin_new(pidfiles->service->base, on_signal, pidfiles);
		if (pidfiles->standin == NULL)
			log_warn("%s" OLDBIN ": %s",
			    pidfiles->service->options->pidfile,
			    strerror(errno));
	}
	if (wanted && pidfiles->standin != NULL) {
		put(&pidfiles->stand, standin_pid(pidfiles->standin));
		return;
	}
	put(&pidfiles->stand, 0);
	standin_free(pidfiles->standin);
	pidfiles->standin = NULL;
}

static void
update(struct pidfiles *pidfiles)
{
	const struct generation *old = oldbin_generation(pidfiles->service);

	put(&pidfiles->child, main_of(oldbin_successor(pidfiles->service)));
	put(&pidfiles->child_old, main_of(old));
	put_stand(
	    pidfiles, old != NULL || evtimer_pending(pidfiles->patience, NULL));
}

static void
on_event(json_t *event, void *arg)
{
	struct pidfiles *pidfiles = arg;
	const char *name = json_string_value(json_object_get(event, "event"));

	/*
	 * Another rollout has begun, so no script is between HUP and QUIT any
	 * more.
	 */
	if (strcmp(name, "started") == 0)
		evtimer_del(pidfiles->patience);
	update(pidfiles);
}

static void
patience_ended(evutil_socket_t fd, short what, void *arg)
{
	update(arg);
}

bool
pidfiles_take_quit(struct pidfiles *pidfiles)
{
	if (!evtimer_pending(pidfiles->patience, NULL))
		return false;
	log_info("SIGQUIT: for the new generation, after HUP to the old one");
	evtimer_del(pidfiles->patience);
	update(pidfiles);
	return true;
}

/* With NULL as path the user has not asked for the file. */
static int
name_file(struct pidfile *file, const struct options *options, const char *path,
    const char *suffix)
{
	char *full;

	if (path == NULL)
		return 0;
	if (asprintf(&full, "%s%s", path, suffix) == -1)
		return -1;
	file->file = pid_file_new(full, options);
	free(full);
	return file->file != NULL ? 0 : -1;
}

static int
name_files(struct pidfiles *pidfiles)
{
	const struct options *options = pidfiles->service->options;

	return name_file(&pidfiles->stand, options, options->pidfile, OLDBIN) ==
		    -1 ||
		name_file(&pidfiles->child_old, options, options->child_pidfile,
		    OLDBIN) == -1 ||
		name_file(
		    &pidfiles->child, options, options->child_pidfile, "") == -1
	    ? -1
	    : 0;
}

static void
main_changed(struct service *service)
{
	if (service->pidfiles != NULL)
		update(service->pidfiles);
}

struct pidfiles *
pidfiles_new(struct service *service)
{
	struct pidfiles *pidfiles = calloc(1, sizeof(*pidfiles));
	int saved;

	if (pidfiles == NULL)
		return NULL;
	pidfiles->service = service;
	/* A supervisor that was killed has left wrong files. */
	pidfiles->stand.pid = pidfiles->child.pid = pidfiles->child_old.pid =
	    -1;
	pidfiles->observer.event = on_event;
	pidfiles->observer.arg = pidfiles;
	events_observe(service->events, &pidfiles->observer);
	service->main_changed = main_changed;
	pidfiles->patience =
	    evtimer_new(service->base, patience_ended, pidfiles);
	if (pidfiles->patience == NULL || name_files(pidfiles) == -1) {
		saved = errno;
		pidfiles_free(pidfiles);
		errno = saved;
		return NULL;
	}
	update(pidfiles);
	return pidfiles;
}

void
pidfiles_free(struct pidfiles *pidfiles)
{
	if (pidfiles == NULL)
		return;
	events_forget(pidfiles->service->events, &pidfiles->observer);
	pidfiles->service->main_changed = NULL;
	put(&pidfiles->child, 0);
	put(&pidfiles->child_old, 0);
	put_stand(pidfiles, false);
	if (pidfiles->patience != NULL)
		event_free(pidfiles->patience);
	pid_file_free(pidfiles->stand.file);
	pid_file_free(pidfiles->child.file);
	pid_file_free(pidfiles->child_old.file);
	free(pidfiles);
}
