/* SPDX-License-Identifier: ISC */
/*
 * Unix sockets with a path: each generation's socket is bound to a private path
 * beside the public one.  To put a socket in place, a link of its file is
 * renamed over the public path, so that connect(2) always finds a path.  The
 * private path stays for directed checks and for mending.  The names are in
 * traffic/names.h, the rights with which they are made in traffic/directory.h.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/foreign.h"
#include "traffic/directory.h"
#include "traffic/holder.h"
#include "traffic/names.h"
#include "traffic/way.h"

struct rename_way {
	struct endpoint *at;
	struct names *names;
};

static void *
rename_new(struct endpoint *at)
{
	struct rename_way *r = calloc(1, sizeof(*r));

	if (r == NULL || (r->names = names_new(at)) == NULL) {
		free(r);
		return NULL;
	}
	r->at = at;
	return r;
}

static void
rename_free(void *way)
{
	struct rename_way *r = way;

	names_free(r->names);
	free(r);
}

/* The name of a generation's socket; NULL if there is none. */
static struct name *
find(void *way, unsigned int generation)
{
	const struct rename_way *r = way;

	return names_find(r->names, generation);
}

/* Bind the socket to its private path, and let it listen. */
static int
settle_in(struct rename_way *r, struct name *name, int fd)
{
	if (holder_hold(r->at->holder, fd) == -1 ||
	    directory_hold(name->directory, r->at->holder) == -1 ||
	    directory_bind(name->directory, fd, name->private, r->at->umask,
		&r->at->owner, &name->identity) == -1)
		return -1;
	if (r->at->address.type == SOCK_STREAM)
		return listen(fd, r->at->backlog);
	return 0;
}

static bool
is_bound(int fd)
{
	struct sockaddr_un un;
	socklen_t len = sizeof(un);

	return getsockname(fd, (struct sockaddr *)&un, &len) == 0 &&
	    len > offsetof(struct sockaddr_un, sun_path);
}

/*
 * Put the socket into its directory and, if no other one is in place, in
 * place.  A socket that is bound already was bound by a predecessor, or is
 * refused.
 */
static int
enter(struct rename_way *r, struct name *name, int fd)
{
	if ((name->directory = names_choose_directory(r->names)) == NULL)
		return -1;
	if (names_placed(r->names) == NULL && !is_bound(fd) &&
	    directory_claim(name->directory, names_public(r->names),
		r->at->address.type) == -1)
		return -1;
	if (settle_in(r, name, fd) == -1)
		return -1;
	return names_placed(r->names) != NULL ? 0 : names_place(r->names, name);
}

static int
rename_join(void *way, unsigned int generation, int fd)
{
	struct rename_way *r = way;
	struct name *name;
	int error;

	if (fd == -1)
		fd = socket(AF_UNIX, r->at->address.type | SOCK_CLOEXEC, 0);
	if (fd == -1 || (name = names_add(r->names, generation)) == NULL) {
		fd_close(&fd);
		return -1;
	}
	if (enter(r, name, fd) == 0)
		return fd;
	error = errno;
	names_drop(r->names, name);
	holder_release(r->at->holder, fd, false);
	fd_close(&fd);
	errno = error;
	return -1;
}

/*
 * Remove the name first: a successor that finds no socket of the generation
 * does not look for its name.
 */
static void
rename_leave(void *way, unsigned int generation, const int *fds, size_t n)
{
	struct rename_way *r = way;
	struct name *name = find(r, generation);
	size_t i;
	int fd;

	if (name != NULL)
		names_drop(r->names, name);
	for (i = 0; i < n; i++) {
		fd = fds[i];
		holder_release(r->at->holder, fd, false);
		foreign_close(&fd);
	}
}

/* There is one public path: the generation with the greatest share gets it. */
static int
rename_steer(void *way, const struct steer_plan *plan)
{
	struct rename_way *r = way;
	struct name *name, *greatest = NULL;
	unsigned int most = 0;
	size_t i;

	for (i = 0; i < plan->nshares; i++) {
		name = find(r, plan->shares[i].generation);
		if (name == NULL || plan->shares[i].percent <= most)
			continue;
		greatest = name;
		most = plan->shares[i].percent;
	}
	if (greatest == NULL || greatest == names_placed(r->names))
		return 0;
	return names_place(r->names, greatest);
}

/* The private path keeps the number of the generation that made it. */
static void
rename_hand_over(void *way, unsigned int from, unsigned int to)
{
	struct name *name = find(way, from);

	if (name != NULL)
		name->generation = to;
}

static void
rename_refuse(void *way)
{
	const struct rename_way *r = way;

	names_refuse(r->names);
}

/* If this fails, the next call tries again. */
static void
rename_mend(void *way)
{
	const struct rename_way *r = way;
	struct name *placed = names_placed(r->names);

	if (placed != NULL)
		(void)names_place(r->names, placed);
}

/* The path for people to read; whoever connects does so in the directory. */
static int
rename_direct(void *way, unsigned int generation, unsigned int n,
    struct address *to, struct address *source)
{
	struct rename_way *r = way;
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	const struct name *name = find(r, generation);
	size_t size = sizeof(un.sun_path);

	if (name == NULL) {
		errno = ENOENT;
		return -1;
	}
	if ((size_t)snprintf(un.sun_path, size, "%s%s",
		directory_path(name->directory), name->private) >= size)
		strlcpy(un.sun_path, name->private, size);
	source->len = 0;
	return address_set(
	    to, r->at->address.type, (struct sockaddr *)&un, sizeof(un));
}

static const char *
rename_name(
    void *way, unsigned int generation, const struct directory **directory)
{
	const struct name *name = find(way, generation);

	if (name == NULL)
		return NULL;
	*directory = name->directory;
	return name->private;
}

static int
rename_connect(void *way, unsigned int generation, int fd)
{
	const struct name *name = find(way, generation);

	if (name != NULL)
		return directory_connect(name->directory, fd, name->private);
	errno = ENOENT;
	return -1;
}

/* A socket that is not in place any more still gets what is in its queue. */
static int
rename_prepare(void *way, unsigned int generation)
{
	return 0;
}

/* After shutdown(2) a unix(7) socket refuses connections for good. */
static int
rename_revive(void *way, unsigned int generation, int fd)
{
	const struct endpoint *at = ((struct rename_way *)way)->at;

	return at->address.type == SOCK_STREAM ? listen(fd, at->backlog) : 0;
}

static enum listener_path
rename_leaf(void *way, const char *leaf)
{
	const struct rename_way *r = way;

	return names_leaf(r->names, leaf);
}

static bool
rename_is_there(void *way, const struct identity *directory)
{
	const struct rename_way *r = way;

	return names_are_in(r->names, directory);
}

static bool
rename_is_gone(void *way)
{
	const struct rename_way *r = way;

	return names_are_lost(r->names);
}

static json_t *
rename_save(const void *way)
{
	const struct rename_way *r = way;

	return names_save(r->names);
}

static int
rename_restore(void *way, const json_t *state, const struct way_finder *finder)
{
	const struct rename_way *r = way;

	return names_restore(r->names, state, finder);
}

const struct way way_rename = {
	.steering = STEERING_RENAME,
	.new = rename_new,
	.free = rename_free,
	.join = rename_join,
	.revive = rename_revive,
	.steer = rename_steer,
	.prepare = rename_prepare,
	.leave = rename_leave,
	.hand_over = rename_hand_over,
	.leaf = rename_leaf,
	.is_there = rename_is_there,
	.is_gone = rename_is_gone,
	.refuse = rename_refuse,
	.mend = rename_mend,
	.direct = rename_direct,
	.name = rename_name,
	.connect = rename_connect,
	.save = rename_save,
	.restore = rename_restore,
};
