/* SPDX-License-Identifier: ISC */
/*
 * Watches the directory of a path by inotify(7).  Nothing is done while nothing
 * changes there.
 */
#include "control/presence.h"

#include <errno.h>
#include <event2/event.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"

#define LOOK_MS	 100  /* the directory may be about to be removed as well */
#define AGAIN_MS 2000 /* if it could not be made */
#define CHANGES                                                      \
	(IN_DELETE | IN_MOVED_FROM | IN_DELETE_SELF | IN_MOVE_SELF | \
	    IN_ONLYDIR | IN_EXCL_UNLINK)

struct presence {
	char path[PATH_MAX];
	int (*renew)(void *arg);
	void *arg;
	int fd;
	struct event *changed;
	struct event *timer;
};

static int
watch(struct presence *presence)
{
	char directory[PATH_MAX], *slash;

	strlcpy(directory, presence->path, sizeof(directory));
	if ((slash = strrchr(directory, '/')) != NULL)
		*slash = '\0';
	return inotify_add_watch(presence->fd, directory, CHANGES);
}

static void
look_after(struct presence *presence, unsigned int ms)
{
	struct timeval delay = clock_interval(ms);

	evtimer_add(presence->timer, &delay);
}

static void
on_change(evutil_socket_t fd, short what, void *arg)
{
	char events[4096];

	while (read(fd, events, sizeof(events)) > 0)
		continue;
	look_after(arg, LOOK_MS);
}

/* The directory may be another one now, so it is watched again. */
static void
look(evutil_socket_t fd, short what, void *arg)
{
	struct presence *presence = arg;
	struct stat st;

	if (lstat(presence->path, &st) == -1 && errno == ENOENT &&
	    presence->renew(presence->arg) == -1)
		look_after(presence, AGAIN_MS);
	else
		watch(presence);
}

struct presence *
presence_new(
    struct event_base *base, const char *path, int (*renew)(void *), void *arg)
{
	struct presence *presence = calloc(1, sizeof(*presence));

	if (presence == NULL)
		return NULL;
	strlcpy(presence->path, path, sizeof(presence->path));
	presence->renew = renew;
	presence->arg = arg;
	presence->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	presence->changed = event_new(
	    base, presence->fd, EV_READ | EV_PERSIST, on_change, presence);
	presence->timer = evtimer_new(base, look, presence);
	if (presence->fd != -1 && presence->changed != NULL &&
	    presence->timer != NULL && watch(presence) != -1 &&
	    event_add(presence->changed, NULL) == 0)
		return presence;
	presence_free(presence);
	return NULL;
}

void
presence_free(struct presence *presence)
{
	int saved = errno;

	if (presence == NULL)
		return;
	if (presence->changed != NULL)
		event_free(presence->changed);
	if (presence->timer != NULL)
		event_free(presence->timer);
	fd_close(&presence->fd);
	free(presence);
	errno = saved;
}
