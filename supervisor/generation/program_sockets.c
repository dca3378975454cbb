/* SPDX-License-Identifier: ISC */
/*
 * A socket whose path was removed cannot get a path again, so that another one
 * takes its place.
 */
#include "generation/program_sockets.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "core/generation.h"
#include "core/held.h"
#include "core/owner.h"
#include "core/service.h"
#include "generation/reach.h"
#include "generation/wrap.h"
#include "process/program.h"

static bool
has_gone(const char *path)
{
	struct stat st;

	/* An abstract address is no file. */
	return path[0] == '/' && lstat(path, &st) == -1 && errno == ENOENT;
}

static int
renew_notify(struct generation *generation)
{
	uid_t uid;
	gid_t gid;

	if (!has_gone(program_notify_path(generation->program)))
		return 0;
	if (owner_ids(generation->image, &uid, &gid) == -1 ||
	    program_renew_notify(generation->program, gid) == -1)
		return -1;
	held_put(generation->service, "notify", generation->number,
	    program_notify_fd(generation->program));
	return 1;
}

static int
renew_shim(struct generation *generation)
{
	const char *path = wrap_path(generation->wrap);

	if (path == NULL || !has_gone(path))
		return 0;
	return wrap_renew(generation->wrap) == 0 ? 1 : -1;
}

int
program_sockets_renew(struct service *service)
{
	struct generation *generation;
	int notify, shim, made = 0;

	TAILQ_FOREACH (generation, &service->generations, entry) {
		if (generation->program == NULL)
			continue;
		notify = renew_notify(generation);
		shim = notify != -1 ? renew_shim(generation) : -1;
		if (shim == -1)
			return -1;
		if (notify == 0 && shim == 0)
			continue;
		reach_open(generation);
		made = 1;
	}
	return made;
}
