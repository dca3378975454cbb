/* SPDX-License-Identifier: ISC */
/*
 * The directory is watched by F_NOTIFY of fcntl(2).  inotify(7) is not used:
 * the kernel takes milliseconds to release an inotify instance, and by so much
 * a supervisor that is killed would keep its lock longer.
 */
#include "service/runtime_files.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/paths.h"
#include "control/control.h"
#include "core/service.h"
#include "generation/program_sockets.h"
#include "service/name_lock.h"
#include "service/saving.h"

#define LOOK_MS	 100  /* what is being removed may not be removed yet */
#define AGAIN_MS 1000 /* after a failure, or soon after the last time */

struct runtime_files {
	struct service *service;
	int *lock;
	int directory; /* which is watched, -1: none */
	int signals;   /* signalfd(2) */
	struct event *changed;
	struct event *look;
	bool failed;	 /* a failure was logged */
	int64_t made_ms; /* when a file was made anew last; 0: never */
};

static void
look_after(struct runtime_files *files, unsigned int ms)
{
	struct timeval delay = clock_interval(ms);

	evtimer_add(files->look, &delay);
}

/*
 * Another directory may have the path by now.  The old one is watched until
 * then, so that no change is missed.  -1 with errno: try again.
 */
static int
watch(struct runtime_files *files)
{
	const char *path = files->service->runtime;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (fd == -1)
		return -1;
	if (fcntl(fd, F_NOTIFY, DN_DELETE | DN_RENAME | DN_MULTISHOT) == -1) {
		log_debug("runtime directory %s: cannot be watched: %s", path,
		    strerror(errno));
		/* EINVAL: a kernel without CONFIG_DNOTIFY. */
		if (errno != EINVAL) {
			fd_close(&fd);
			return -1;
		}
	}
	fd_close(&files->directory);
	files->directory = fd;
	return 0;
}

static int
renew_lock(struct runtime_files *files)
{
	return name_lock_renew(files->service, files->lock);
}

static int
renew_control(struct runtime_files *files)
{
	return control_renew(files->service->control);
}

static int
renew_program_sockets(struct runtime_files *files)
{
	return program_sockets_renew(files->service);
}

static int
renew_copy(struct runtime_files *files)
{
	return saving_renew_copy(files->service);
}

/* 1: was made anew; 0: is there; -1 with errno. */
static const struct {
	const char *name;
	int (*renew)(struct runtime_files *);
} table[] = {
	{ "the lock", renew_lock },
	{ "the control socket", renew_control },
	{ "a socket of the program", renew_program_sockets },
	{ "the checkpoint's copy", renew_copy },
};

/* Make the files anew that have gone.  False if one of them cannot be made. */
static bool
renew_all(struct runtime_files *files)
{
	const char *runtime = files->service->runtime;
	size_t i;
	int r;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		r = table[i].renew(files);
		if (r == 1) {
			files->made_ms = clock_ms();
			log_warn("runtime directory %s: somebody has removed "
				 "%s; hotswap has made it anew",
			    runtime, table[i].name);
		} else if (r == -1) {
			if (!files->failed)
				log_warn("runtime directory %s: somebody has "
					 "removed %s, and hotswap cannot make "
					 "it anew: %s",
				    runtime, table[i].name, strerror(errno));
			return false;
		}
	}
	return true;
}

static bool
has_directory(struct runtime_files *files)
{
	char path[PATH_MAX];

	if (paths_runtime(path, true) == 0)
		return true;
	if (!files->failed)
		log_warn("runtime directory %s: hotswap cannot use it: %s; no "
			 "command reaches the supervisor until somebody makes "
			 "it anew, mode 0700",
		    files->service->runtime, strerror(errno));
	return false;
}

static void
look(evutil_socket_t fd, short what, void *arg)
{
	struct runtime_files *files = arg;

	files->failed = !has_directory(files) || !renew_all(files);
	if (watch(files) == -1 || files->failed)
		look_after(files, AGAIN_MS);
}

static void
on_change(evutil_socket_t fd, short what, void *arg)
{
	struct runtime_files *files = arg;
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof(info)) == sizeof(info))
		continue;
	if (evtimer_pending(files->look, NULL))
		return;
	/* Somebody may remove them as fast as they are made. */
	look_after(files,
	    files->made_ms != 0 && clock_ms() - files->made_ms < 2 * AGAIN_MS
		? AGAIN_MS
		: LOOK_MS);
}

struct runtime_files *
runtime_files_new(struct service *service, int *lock)
{
	struct runtime_files *files = calloc(1, sizeof(*files));
	sigset_t set;

	if (files == NULL)
		return NULL;
	files->service = service;
	files->lock = lock;
	files->directory = -1;
	/* F_NOTIFY sends SIGIO. */
	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	sigprocmask(SIG_BLOCK, &set, NULL);
	files->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (files->signals != -1)
		files->changed = event_new(service->base, files->signals,
		    EV_READ | EV_PERSIST, on_change, files);
	files->look = evtimer_new(service->base, look, files);
	if (files->changed != NULL && files->look != NULL &&
	    event_add(files->changed, NULL) == 0) {
		look_after(files, 0);
		return files;
	}
	runtime_files_free(files);
	return NULL;
}

void
runtime_files_free(struct runtime_files *files)
{
	if (files == NULL)
		return;
	if (files->changed != NULL)
		event_free(files->changed);
	if (files->look != NULL)
		event_free(files->look);
	fd_close(&files->signals);
	fd_close(&files->directory);
	free(files);
}
