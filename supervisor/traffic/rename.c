/* SPDX-License-Identifier: ISC */
/*
 * Unix sockets with a path.  Each generation's socket is bound to a private
 * path beside the public one; a link of it is renamed over the public path to
 * put it in place.  So a client never finds the path missing, and the private
 * path stays for directed checks and for mending.  Each socket knows its
 * directory, and the rights that are used there (traffic/directory.h).
 */
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/foreign.h"
#include "traffic/directory.h"
#include "traffic/holder.h"
#include "traffic/way.h"

#define CUT	  40 /* bytes kept of a long public name */
#define NAME_SIZE DIRECTORY_NAME

/* A generation's socket. */
struct name {
	LIST_ENTRY(name) entry;
	unsigned int generation;
	char private[NAME_SIZE];
	struct identity identity;
	struct directory *directory; /* NULL: it is not bound yet */
};

struct rename_way {
	struct endpoint *at;
	char public[NAME_SIZE];
	char temporary[NAME_SIZE];
	LIST_HEAD(, name) names;
	struct name *placed; /* the one in place; NULL: none, or it has left */
	struct identity public_identity;    /* file at the public path */
	struct directory *public_directory; /* where it is; NULL: nowhere */
	bool refused; /* no other is put in place any more */
};

/*
 * The name of a file of ours beside the public one.  A long name is cut, so
 * that sun_path has room for it, and gets a hash to stay unique.
 */
static void
put_name(char buf[static NAME_SIZE], const char *public, const char *suffix)
{
	uint32_t hash = 0;
	const char *p;

	if (strlen(public) <= CUT) {
		snprintf(buf, NAME_SIZE, "%s.hotswap-%s", public, suffix);
		return;
	}
	for (p = public; *p != '\0'; p++)
		hash = hash * 31 + (unsigned char)*p;
	snprintf(buf, NAME_SIZE, "%.*s~%08x.hotswap-%s", CUT, public,
	    (unsigned int)hash, suffix);
}

static void
withdraw_public(const struct rename_way *r)
{
	if (r->public_identity.ino != 0 && r->public_directory != NULL)
		directory_remove(
		    r->public_directory, r->public, &r->public_identity);
}

static void
rename_free(void *way)
{
	struct rename_way *r = way;

	withdraw_public(r);
	directory_unref(r->public_directory);
	free(r);
}

static const char *
path_of(const struct rename_way *r)
{
	return ((const struct sockaddr_un *)&r->at->address.storage)->sun_path;
}

static void *
rename_new(struct endpoint *at)
{
	struct rename_way *r = calloc(1, sizeof(*r));
	const char *path, *slash;

	if (r == NULL)
		return NULL;
	r->at = at;
	LIST_INIT(&r->names);
	path = path_of(r);
	slash = strrchr(path, '/');
	strlcpy(r->public, slash == NULL ? path : slash + 1, NAME_SIZE);
	put_name(r->temporary, r->public, "new");
	return r;
}

/* Open the directory that the address names.  *New*; NULL with errno. */
static struct directory *
open_named(const struct rename_way *r)
{
	const char *path = path_of(r), *slash = strrchr(path, '/');
	char directory[PATH_MAX] = "./";

	if (slash != NULL)
		strlcpy(directory, path, (size_t)(slash - path) + 2);
	return directory_named(directory, &r->at->owner);
}

/*
 * The directory for a socket that joins now; NULL with errno.  The operator's
 * path is used only if no program has had a name in a directory yet.
 */
static struct directory *
choose_directory(const struct rename_way *r)
{
	if (r->at->directory != NULL)
		return directory_ref(r->at->directory);
	if (r->public_directory != NULL)
		return directory_ref(r->public_directory);
	return open_named(r);
}

static struct name *
find(const struct rename_way *r, unsigned int generation)
{
	struct name *name;

	LIST_FOREACH (name, &r->names, entry)
		if (name->generation == generation)
			return name;
	return NULL;
}

static int
place(struct rename_way *r, struct name *name)
{
	if (r->refused)
		return 0;
	if (directory_place(name->directory, name->private, &name->identity,
		r->temporary, r->public) == -1)
		return -1;
	directory_ref(name->directory);
	directory_unref(r->public_directory);
	r->public_directory = name->directory;
	r->placed = name;
	r->public_identity = name->identity;
	holder_commit(r->at->holder);
	return 0;
}

/* Bind the socket to its private path, and listen. */
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

static void
forget(struct rename_way *r, struct name *name)
{
	if (name->identity.ino != 0)
		directory_remove(
		    name->directory, name->private, &name->identity);
	if (r->placed == name)
		r->placed = NULL;
	directory_unref(name->directory);
	LIST_REMOVE(name, entry);
	free(name);
}

static struct name *
name_new(struct rename_way *r, unsigned int generation)
{
	char suffix[16];
	struct name *name;

	if (find(r, generation) != NULL) {
		errno = EADDRINUSE;
		return NULL;
	}
	name = calloc(1, sizeof(*name));
	if (name == NULL)
		return NULL;
	name->generation = generation;
	snprintf(suffix, sizeof(suffix), "%u", generation);
	put_name(name->private, r->public, suffix);
	LIST_INSERT_HEAD(&r->names, name, entry);
	return name;
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
 * Bind the socket in its directory, and put it in place if the place is free.
 * A socket that is bound already was bound by a predecessor; any other is
 * refused.
 */
static int
enter(struct rename_way *r, struct name *name, int fd)
{
	if ((name->directory = choose_directory(r)) == NULL)
		return -1;
	if (r->placed == NULL && !is_bound(fd) &&
	    directory_claim(name->directory, r->public, r->at->address.type) ==
		-1)
		return -1;
	if (settle_in(r, name, fd) == -1)
		return -1;
	return r->placed != NULL ? 0 : place(r, name);
}

static int
rename_join(void *way, unsigned int generation, int fd)
{
	struct rename_way *r = way;
	struct name *name;
	int error;

	if (fd == -1)
		fd = socket(AF_UNIX, r->at->address.type | SOCK_CLOEXEC, 0);
	if (fd == -1 || (name = name_new(r, generation)) == NULL) {
		fd_close(&fd);
		return -1;
	}
	if (enter(r, name, fd) == 0)
		return fd;
	error = errno;
	forget(r, name);
	holder_release(r->at->holder, fd, false);
	fd_close(&fd);
	errno = error;
	return -1;
}

static void
rename_leave(void *way, unsigned int generation, const int *fds, size_t n)
{
	struct rename_way *r = way;
	struct name *name = find(r, generation);
	size_t i;
	int fd;

	for (i = 0; i < n; i++) {
		fd = fds[i];
		holder_release(r->at->holder, fd, false);
		foreign_close(&fd);
	}
	if (name != NULL)
		forget(r, name);
}

/* There is one path: the generation with the greatest share has it. */
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
	if (greatest == NULL || greatest == r->placed)
		return 0;
	return place(r, greatest);
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
	struct rename_way *r = way;

	withdraw_public(r);
	r->refused = true;
}

/* A failure does not matter: the next check will try again. */
static void
rename_mend(void *way)
{
	struct rename_way *r = way;

	if (r->placed != NULL)
		(void)place(r, r->placed);
}

/* The path is for people; a connection is made in the socket's directory. */
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

static enum listener_path
rename_leaf(void *way, const char *leaf)
{
	const struct rename_way *r = way;
	const struct name *name;

	if (strcmp(leaf, r->public) == 0)
		return PATH_PUBLIC;
	LIST_FOREACH (name, &r->names, entry) {
		if (strcmp(leaf, name->private) == 0)
			return PATH_PRIVATE;
	}
	return PATH_OTHER;
}

/* Other links and other mounts may lead to the directory. */
static bool
rename_is_there(void *way, const struct identity *directory)
{
	const struct rename_way *r = way;
	const struct name *name;

	LIST_FOREACH (name, &r->names, entry) {
		if (name->directory != NULL &&
		    directory_is(name->directory, directory))
			return true;
	}
	return r->public_directory != NULL &&
	    directory_is(r->public_directory, directory);
}

/* A socket that is not in place any more still gets its queue. */
static int
rename_prepare(void *way, unsigned int generation)
{
	return 0;
}

/* For the backlog; a Unix socket that was shut down refuses for ever. */
static int
rename_revive(void *way, unsigned int generation, int fd)
{
	const struct endpoint *at = ((struct rename_way *)way)->at;

	return at->address.type == SOCK_STREAM ? listen(fd, at->backlog) : 0;
}

static json_t *
rename_save(const void *way)
{
	const struct rename_way *r = way;
	const struct name *name;
	json_t *names = json_array();

	LIST_FOREACH (name, &r->names, entry)
		if (name->directory != NULL)
			json_array_append_new(names,
			    json_pack("{sI so so}", "generation",
				(json_int_t)name->generation, "file",
				identity_save(&name->identity), "directory",
				directory_save(name->directory)));
	return json_pack("{so sI so so*}", "names", names, "placed",
	    (json_int_t)(r->placed != NULL ? r->placed->generation : 0),
	    "public", identity_save(&r->public_identity), "directory",
	    r->public_directory != NULL ? directory_save(r->public_directory)
					: NULL);
}

/* An older build saved no directory: its sockets are where the address says. */
static struct directory *
restore_directory(const struct rename_way *r, const json_t *saved,
    const struct way_finder *finder)
{
	return saved != NULL ? directory_restore(saved, finder, r->at->holder)
			     : open_named(r);
}

static int
restore_name(
    struct rename_way *r, const json_t *saved, const struct way_finder *finder)
{
	struct name *name = name_new(r,
	    (unsigned int)json_integer_value(
		json_object_get(saved, "generation")));

	if (name == NULL)
		return -1;
	identity_restore(&name->identity, json_object_get(saved, "file"));
	name->directory =
	    restore_directory(r, json_object_get(saved, "directory"), finder);
	return name->directory != NULL ? 0 : -1;
}

static int
rename_restore(void *way, const json_t *state, const struct way_finder *finder)
{
	struct rename_way *r = way;
	json_t *value;
	size_t i;

	json_array_foreach (json_object_get(state, "names"), i, value) {
		if (restore_name(r, value, finder) == -1)
			return -1;
	}
	identity_restore(&r->public_identity, json_object_get(state, "public"));
	r->placed = find(r,
	    (unsigned int)json_integer_value(json_object_get(state, "placed")));
	if (r->placed != NULL)
		r->public_directory = directory_ref(r->placed->directory);
	else if (r->public_identity.ino != 0)
		r->public_directory = restore_directory(
		    r, json_object_get(state, "directory"), finder);
	return 0;
}

static bool
rename_is_gone(void *way)
{
	const struct rename_way *r = way;

	return r->placed != NULL &&
	    directory_has(
		r->public_directory, r->public, &r->public_identity) == -1 &&
	    errno == ENOENT;
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
