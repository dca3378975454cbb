/* SPDX-License-Identifier: ISC */
/*
 * Unix sockets with a path: each generation's is bound to a private path
 * beside the public one, and a link of it is renamed over the public path to
 * put it in place.  So a connect never meets a missing path, and the private
 * one stays for directed checks and for mending.  Touches nothing that is
 * not a socket.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/paths.h"
#include "traffic/holder.h"
#include "traffic/way.h"

#define CUT	  40 /* of a long public name in private ones */
#define NAME_SIZE 128

/* Which file it is: whoever has the name may not be us any more. */
struct identity {
	dev_t dev;
	ino_t ino;
};

/* A generation's socket. */
struct name {
	LIST_ENTRY(name) entry;
	unsigned int generation;
	char private[NAME_SIZE];
	struct identity identity;
};

struct rename_way {
	struct endpoint *at;
	char directory[PATH_MAX];
	int dir; /* the same, open */
	char public[NAME_SIZE];
	char temporary[NAME_SIZE];
	LIST_HEAD(, name) names;
	struct name *placed; /* who is in place; NULL: has left, or nobody */
	struct identity public_identity; /* what we put at the public path */
	bool refused;			 /* nobody is put in place any more */
};

/*
 * The name of a file of ours beside the public one.  A long name is cut, so
 * that a path through /proc has room for it, and told apart by a hash.
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

/* Is what lies at the public path this one? */
static bool
is_public(const struct rename_way *r, const struct identity *identity)
{
	struct stat st;

	return fstatat(r->dir, r->public, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_dev == identity->dev && st.st_ino == identity->ino;
}

static void
rename_free(void *way)
{
	struct rename_way *r = way;

	if (r->public_identity.ino != 0 && is_public(r, &r->public_identity))
		unlinkat(r->dir, r->public, 0);
	fd_close(&r->dir);
	free(r);
}

static void *
rename_new(struct endpoint *at)
{
	const struct sockaddr_un *un = (const void *)&at->address.storage;
	const char *slash = strrchr(un->sun_path, '/');
	struct rename_way *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->at = at;
	r->dir = -1;
	LIST_INIT(&r->names);
	if (slash == NULL)
		strlcpy(r->directory, "./", sizeof(r->directory));
	else
		strlcpy(r->directory, un->sun_path,
		    (size_t)(slash - un->sun_path) + 2);
	strlcpy(r->public, slash == NULL ? un->sun_path : slash + 1, NAME_SIZE);
	r->dir = open(r->directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	put_name(r->temporary, r->public, "new");
	if (r->dir != -1)
		return r;
	rename_free(r);
	return NULL;
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

/* Does a socket lie there?  1, 0 if there is nothing; -1 with ENOTSOCK. */
static int
is_socket(const struct rename_way *r, const char *file, struct stat *st)
{
	if (fstatat(r->dir, file, st, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ? 0 : -1;
	if (S_ISSOCK(st->st_mode))
		return 1;
	errno = ENOTSOCK;
	return -1;
}

/* Nobody serves the public path: who died left a file that refuses. */
static int
claim(const struct rename_way *r)
{
	const struct sockaddr_un *un = (const void *)&r->at->address.storage;
	struct stat st;
	int fd, result = is_socket(r, r->public, &st);

	if (result != 1)
		return result;
	fd = socket(
	    AF_UNIX, r->at->address.type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return -1;
	result = paths_connect(fd, un->sun_path);
	if (result == -1 && (errno == ECONNREFUSED || errno == ENOENT))
		result = 0;
	else if (result == 0 || errno != EACCES) {
		errno = EADDRINUSE;
		result = -1;
	}
	fd_close(&fd);
	return result;
}

/* A socket there keeps its mode and owner when another takes its place. */
static int
inherit_mode(const struct rename_way *r, const struct name *name)
{
	struct stat st;
	int result = is_socket(r, r->public, &st);

	if (result != 1)
		return result;
	if (fchmodat(r->dir, name->private, st.st_mode & ALLPERMS, 0) == -1)
		return -1;
	/* Another user's is ours to replace, but not to give away. */
	if (fchownat(r->dir, name->private, st.st_uid, st.st_gid,
		AT_SYMLINK_NOFOLLOW) == -1 &&
	    errno != EPERM)
		return -1;
	return 0;
}

static int
place(struct rename_way *r, struct name *name)
{
	int result, error;

	if (r->refused)
		return 0;
	if (inherit_mode(r, name) == -1)
		return -1;
	unlinkat(r->dir, r->temporary, 0);
	if (linkat(r->dir, name->private, r->dir, r->temporary, 0) == -1)
		return -1;
	result = renameat(r->dir, r->temporary, r->dir, r->public);
	error = errno;
	/* It stays if both were links of one file already, rename(2). */
	unlinkat(r->dir, r->temporary, 0);
	errno = error;
	if (result == -1)
		return -1;
	r->placed = name;
	r->public_identity = name->identity;
	holder_changed(r->at->holder);
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

/* Did a predecessor bind it here, and end before it had noted that? */
static bool
is_bound_to(int fd, const char *file)
{
	struct sockaddr_un un = { 0 };
	socklen_t len = sizeof(un) - 1;
	const char *slash;

	if (getsockname(fd, (struct sockaddr *)&un, &len) == -1)
		return false;
	slash = strrchr(un.sun_path, '/');
	return strcmp(slash != NULL ? slash + 1 : un.sun_path, file) == 0;
}

/* By us; or by its program, at the public path. */
static int
bind_private(const struct rename_way *r, const struct name *name, int fd)
{
	char path[PATH_MAX + NAME_SIZE];
	struct stat st;

	if (is_bound_to(fd, name->private))
		return 0;
	if (is_socket(r, name->private, &st) == 1)
		unlinkat(r->dir, name->private, 0);
	if (is_bound(fd))
		return linkat(r->dir, r->public, r->dir, name->private, 0);
	snprintf(path, sizeof(path), "%s%s", r->directory, name->private);
	return paths_bind(fd, path);
}

/* Give the socket its private path, and start its queue. */
static int
settle_in(struct rename_way *r, struct name *name, int fd)
{
	struct stat st;

	if (holder_hold(r->at->holder, fd) == -1 ||
	    bind_private(r, name, fd) == -1)
		return -1;
	if (is_socket(r, name->private, &st) != 1)
		return -1;
	name->identity = (struct identity){ st.st_dev, st.st_ino };
	if (st.st_uid != r->at->uid &&
	    fchownat(r->dir, name->private, r->at->uid, r->at->gid,
		AT_SYMLINK_NOFOLLOW) == -1)
		return -1;
	if (r->at->address.type == SOCK_STREAM)
		return listen(fd, r->at->backlog);
	return 0;
}

static void
forget(struct rename_way *r, struct name *name)
{
	struct stat st;

	if (is_socket(r, name->private, &st) == 1 &&
	    st.st_dev == name->identity.dev && st.st_ino == name->identity.ino)
		unlinkat(r->dir, name->private, 0);
	if (r->placed == name)
		r->placed = NULL;
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

static int
rename_join(void *way, unsigned int generation, int fd)
{
	struct rename_way *r = way;
	struct name *name;
	int error;

	if (r->placed == NULL && (fd == -1 || !is_bound(fd)) && claim(r) == -1)
		goto fail;
	if (fd == -1)
		fd = socket(AF_UNIX, r->at->address.type | SOCK_CLOEXEC, 0);
	if (fd == -1 || (name = name_new(r, generation)) == NULL)
		goto fail;
	if (settle_in(r, name, fd) == 0 &&
	    (r->placed != NULL || place(r, name) == 0))
		return fd;
	error = errno;
	forget(r, name);
	holder_release(r->at->holder, fd, false);
	errno = error;
fail:
	fd_close(&fd);
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
		fd_close(&fd);
	}
	if (name != NULL)
		forget(r, name);
}

/* There is one path: whoever has the greatest share has it. */
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

/* The private path keeps the number that it was made with. */
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

	if (is_public(r, &r->public_identity))
		unlinkat(r->dir, r->public, 0);
	r->refused = true;
}

static void
rename_mend(void *way)
{
	struct rename_way *r = way;

	if (r->placed == NULL || is_public(r, &r->placed->identity))
		return;
	/* Where it cannot be done, the next who looks will try again. */
	(void)place(r, r->placed);
}

/* A path that is too long is named through our descriptor, proc(5). */
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
	if ((size_t)snprintf(un.sun_path, size, "%s%s", r->directory,
		name->private) >= size &&
	    (size_t)snprintf(un.sun_path, size, "/proc/%d/fd/%d/%s",
		(int)getpid(), r->dir, name->private) >= size) {
		errno = ENAMETOOLONG;
		return -1;
	}
	source->len = 0;
	return address_set(
	    to, r->at->address.type, (struct sockaddr *)&un, sizeof(un));
}

/* Other links may lead to the directory. */
static enum listener_path
rename_path(void *way, const char *path)
{
	const struct rename_way *r = way;
	const char *slash = strrchr(path, '/');
	char directory[PATH_MAX];
	struct stat ours, theirs;
	const struct name *name;

	if (slash == NULL ||
	    (size_t)snprintf(directory, sizeof(directory), "%.*s",
		(int)(slash - path) + 1, path) >= sizeof(directory) ||
	    fstat(r->dir, &ours) == -1 || stat(directory, &theirs) == -1 ||
	    ours.st_dev != theirs.st_dev || ours.st_ino != theirs.st_ino)
		return PATH_OTHER;
	if (strcmp(slash + 1, r->public) == 0)
		return PATH_PUBLIC;
	LIST_FOREACH (name, &r->names, entry) {
		if (strcmp(slash + 1, name->private) == 0)
			return PATH_PRIVATE;
	}
	return PATH_OTHER;
}

/* Who is no longer in place still gets what is in its queue. */
static int
rename_prepare(void *way, unsigned int generation)
{
	return 0;
}

/* What unix(7) has shut down refuses for good. */
static int
rename_revive(void *way, unsigned int generation, int fd)
{
	const struct endpoint *at = ((struct rename_way *)way)->at;

	return at->address.type == SOCK_STREAM ? listen(fd, at->backlog) : 0;
}

static json_t *
identity_to_json(const struct identity *identity)
{
	return json_pack(
	    "[II]", (json_int_t)identity->dev, (json_int_t)identity->ino);
}

static void
identity_from_json(struct identity *identity, const json_t *array)
{
	identity->dev = (dev_t)json_integer_value(json_array_get(array, 0));
	identity->ino = (ino_t)json_integer_value(json_array_get(array, 1));
}

static json_t *
rename_save(const void *way)
{
	const struct rename_way *r = way;
	const struct name *name;
	json_t *names = json_array();

	LIST_FOREACH (name, &r->names, entry)
		json_array_append_new(names,
		    json_pack("{sI so}", "generation",
			(json_int_t)name->generation, "file",
			identity_to_json(&name->identity)));
	return json_pack("{so sI so}", "names", names, "placed",
	    (json_int_t)(r->placed != NULL ? r->placed->generation : 0),
	    "public", identity_to_json(&r->public_identity));
}

static int
rename_restore(void *way, const json_t *state, const struct way_finder *finder)
{
	struct rename_way *r = way;
	unsigned int generation;
	struct name *name;
	json_t *value;
	size_t i;

	json_array_foreach (json_object_get(state, "names"), i, value) {
		generation = (unsigned int)json_integer_value(
		    json_object_get(value, "generation"));
		if ((name = name_new(r, generation)) == NULL)
			return -1;
		identity_from_json(
		    &name->identity, json_object_get(value, "file"));
	}
	identity_from_json(
	    &r->public_identity, json_object_get(state, "public"));
	r->placed = find(r,
	    (unsigned int)json_integer_value(json_object_get(state, "placed")));
	return 0;
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
	.path = rename_path,
	.refuse = rename_refuse,
	.mend = rename_mend,
	.direct = rename_direct,
	.save = rename_save,
	.restore = rename_restore,
};
