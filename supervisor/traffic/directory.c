/* SPDX-License-Identifier: ISC */
/*
 * What a deputy does in a directory, and what is asked of it.  The functions
 * called act_… run in the child, with the program's rights.
 */
#include "traffic/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/deputy.h"
#include "base/fd.h"
#include "base/trust.h"
#include "traffic/holder.h"
#include "traffic/finder.h"

#define HELD_BIT (UINT64_C(1) << 63) /* no socket's cookie has it */

struct directory {
	unsigned int refs;
	int fd;
	char path[PATH_MAX];
	struct identity identity;
	struct credentials who;
	uint64_t key; /* what it is held as; 0: not yet */
	const struct holder *holder;
};

struct bind_job {
	int fd;
	char name[DIRECTORY_NAME];
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	mode_t umask;
	uid_t uid;
	gid_t gid;
	struct identity made;
};

struct place_job {
	char private[DIRECTORY_NAME];
	char temporary[DIRECTORY_NAME];
	char public[DIRECTORY_NAME];
	struct identity identity;
};

struct remove_job {
	char name[DIRECTORY_NAME];
	struct identity identity;
};

struct connect_job {
	int fd;
	int type;
	char name[DIRECTORY_NAME];
};

static bool
is_it(const struct stat *st, const struct identity *identity)
{
	return st->st_dev == identity->dev && st->st_ino == identity->ino;
}

/* Does a socket lie there?  1, 0 if there is nothing; -1 with ENOTSOCK. */
static int
look(const char *name, struct stat *st)
{
	if (fstatat(AT_FDCWD, name, st, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ? 0 : -1;
	if (S_ISSOCK(st->st_mode))
		return 1;
	errno = ENOTSOCK;
	return -1;
}

/* The very file, to be acted upon whoever has its name then; -1 with errno. */
static int
open_socket(const char *name, struct stat *st)
{
	int fd = open(name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd == -1 || (fstat(fd, st) == 0 && S_ISSOCK(st->st_mode)))
		return fd;
	fd_close(&fd);
	errno = ENOTSOCK;
	return -1;
}

/* A descriptor that O_PATH opened stands for its file there, proc(5). */
static void
name_descriptor(int fd, char buf[static 32])
{
	snprintf(buf, 32, "/proc/self/fd/%d", fd);
}

static struct directory *
make(int fd, const char *path, const struct credentials *who)
{
	struct directory *d = calloc(1, sizeof(*d));
	struct stat st;

	if (d == NULL || fstat(fd, &st) == -1 ||
	    credentials_copy(&d->who, who) == -1) {
		free(d);
		return NULL;
	}
	d->refs = 1;
	d->fd = fd;
	d->identity = (struct identity){ st.st_dev, st.st_ino };
	strlcpy(d->path, path, sizeof(d->path));
	return d;
}

struct directory *
directory_new(int fd, const char *path, const struct credentials *who)
{
	struct directory *d = fd != -1 ? make(fd, path, who) : NULL;

	if (d == NULL)
		fd_close(&fd);
	return d;
}

static int
act_open(void *data, int *fd)
{
	*fd = open(data, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return *fd == -1 ? -1 : 0;
}

/* With these rights also on the way there. */
static struct directory *
open_as(const char *path, const struct credentials *who)
{
	char text[PATH_MAX];
	struct deputy_job job = { .who = who,
		.directory = -1,
		.fd = -1,
		.act = act_open,
		.data = text,
		.size = sizeof(text) };
	int fd;

	strlcpy(text, path, sizeof(text));
	return deputy_do(&job, &fd) == 0 ? directory_new(fd, path, who) : NULL;
}

struct directory *
directory_named(const char *path, const struct credentials *owner)
{
	const struct trust nobody_else = { 0 };
	char why[TRUST_WHY], whole[2 * PATH_MAX], cwd[PATH_MAX] = "";
	struct credentials own;
	struct directory *d;

	if (path[0] != '/' && getcwd(cwd, sizeof(cwd)) == NULL)
		return NULL;
	snprintf(whole, sizeof(whole), "%s%s%s", cwd, cwd[0] != '\0' ? "/" : "",
	    path);
	if (owner->uid != geteuid() &&
	    trust_path(&nobody_else, whole, why, sizeof(why)) == -1)
		return open_as(path, owner);
	if (credentials_own(&own) == -1)
		return NULL;
	d = open_as(path, &own);
	credentials_fini(&own);
	return d;
}

struct directory *
directory_ref(struct directory *d)
{
	d->refs++;
	return d;
}

void
directory_unref(struct directory *d)
{
	int saved = errno;

	if (d == NULL || --d->refs > 0)
		return;
	if (d->key != 0 && d->holder != NULL)
		d->holder->release(d->key, false, d->holder->arg);
	fd_close(&d->fd);
	credentials_fini(&d->who);
	free(d);
	errno = saved;
}

int
directory_hold(struct directory *d, const struct holder *holder)
{
	uint64_t key;

	if (holder == NULL || d->key != 0)
		return 0;
	arc4random_buf(&key, sizeof(key));
	if (holder->hold(key | HELD_BIT, d->fd, holder->arg) == -1)
		return -1;
	d->key = key | HELD_BIT;
	d->holder = holder;
	return 0;
}

json_t *
directory_save(const struct directory *d)
{
	return json_pack("{ss sI so}", "path", d->path, "held",
	    (json_int_t)d->key, "who", credentials_save(&d->who));
}

/* Where nobody held it, the path must do. */
struct directory *
directory_restore(const json_t *saved, const struct way_finder *finder,
    const struct holder *holder)
{
	const char *path;
	struct credentials who;
	struct directory *d;
	json_int_t key;
	json_t *rights;
	int fd = -1;

	if (json_unpack((json_t *)saved, "{ss sI so}", "path", &path, "held",
		&key, "who", &rights) == -1) {
		errno = EINVAL;
		return NULL;
	}
	if (credentials_restore(&who, rights) == -1)
		return NULL;
	if (key != 0)
		fd = finder->find(0, (uint64_t)key, finder->arg);
	d = fd != -1 ? directory_new(fd, path, &who) : open_as(path, &who);
	if (d != NULL && fd != -1) {
		d->key = (uint64_t)key;
		d->holder = holder;
	}
	credentials_fini(&who);
	return d;
}

bool
directory_is(const struct directory *d, const struct identity *identity)
{
	return d->identity.dev == identity->dev &&
	    d->identity.ino == identity->ino;
}

const char *
directory_path(const struct directory *d)
{
	return d->path;
}

int
directory_fd(const struct directory *d)
{
	return d->fd;
}

bool
directory_is_ours(const struct directory *d)
{
	return d->who.uid == geteuid();
}

/* With this socket, or -1. */
static int
do_there(
    const struct directory *d, int fd, deputy_act *act, void *data, size_t size)
{
	const struct deputy_job job = { .who = &d->who,
		.directory = d->fd,
		.fd = fd,
		.act = act,
		.data = data,
		.size = size };

	return deputy_do(&job, NULL);
}

/* Did a predecessor bind it here, and end before it had noted that? */
static bool
is_bound_to(int fd, const char *name)
{
	struct sockaddr_un un = { 0 };
	socklen_t len = sizeof(un) - 1;
	const char *slash;

	if (getsockname(fd, (struct sockaddr *)&un, &len) == -1)
		return false;
	slash = strrchr(un.sun_path, '/');
	return strcmp(slash != NULL ? slash + 1 : un.sun_path, name) == 0;
}

/*
 * By the whole path where there is room and it leads here, which is what
 * getsockname(2) then says to the program; else by the name alone.
 */
static int
bind_name(const struct bind_job *job)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct stat here, there;
	char *name;
	int r;

	strlcpy(un.sun_path, job->path, sizeof(un.sun_path));
	name = strrchr(un.sun_path, '/');
	if (name != NULL) {
		*name = '\0';
		r = stat(name == un.sun_path ? "/" : un.sun_path, &there);
		*name = '/';
		if (r == 0 && stat(".", &here) == 0 &&
		    here.st_dev == there.st_dev && here.st_ino == there.st_ino)
			return bind(
			    job->fd, (struct sockaddr *)&un, sizeof(un));
	}
	if (strlcpy(un.sun_path, job->name, sizeof(un.sun_path)) >=
	    sizeof(un.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return bind(job->fd, (struct sockaddr *)&un, sizeof(un));
}

static int
give_away(int fd, const struct stat *st, uid_t uid, gid_t gid)
{
	if (st->st_uid == uid)
		return 0;
	return fchownat(fd, "", uid, gid, AT_EMPTY_PATH);
}

static int
act_bind(void *data, int *unused)
{
	struct bind_job *job = data;
	struct stat st;
	int fd, r = -1;

	umask(job->umask);
	if (!is_bound_to(job->fd, job->name)) {
		if (look(job->name, &st) == 1)
			unlink(job->name);
		if (bind_name(job) == -1)
			return -1;
	}
	if ((fd = open_socket(job->name, &st)) == -1)
		return -1;
	if (geteuid() != 0 || give_away(fd, &st, job->uid, job->gid) == 0) {
		job->made = (struct identity){ st.st_dev, st.st_ino };
		r = 0;
	}
	fd_close(&fd);
	return r;
}

int
directory_bind(const struct directory *d, int fd, const char *name, mode_t mask,
    const struct credentials *owner, struct identity *made)
{
	struct bind_job job = {
		.fd = fd, .umask = mask, .uid = owner->uid, .gid = owner->gid
	};

	strlcpy(job.name, name, sizeof(job.name));
	if ((size_t)snprintf(job.path, sizeof(job.path), "%s%s", d->path,
		name) >= sizeof(job.path))
		job.path[0] = '\0';
	if (do_there(d, fd, act_bind, &job, sizeof(job)) == -1)
		return -1;
	*made = job.made;
	return 0;
}

static int
connect_name(int fd, const char *name)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	if (strlcpy(un.sun_path, name, sizeof(un.sun_path)) <
	    sizeof(un.sun_path))
		return connect(fd, (struct sockaddr *)&un, sizeof(un));
	errno = ENAMETOOLONG;
	return -1;
}

static int
act_connect(void *data, int *unused)
{
	const struct connect_job *job = data;

	return connect_name(job->fd, job->name);
}

int
directory_connect(const struct directory *d, int fd, const char *name)
{
	struct connect_job job = { .fd = fd };

	strlcpy(job.name, name, sizeof(job.name));
	return do_there(d, fd, act_connect, &job, sizeof(job));
}

/*
 * A socket there keeps its mode and its owner when another takes its place.
 * Another user's is ours to replace, but not to give away.
 */
static int
take_on_looks(int fd, const struct stat *own, const struct stat *other)
{
	char link[32];

	name_descriptor(fd, link);
	if (((own->st_mode ^ other->st_mode) & ACCESSPERMS) != 0 &&
	    chmod(link, other->st_mode & ACCESSPERMS) == -1)
		return -1;
	if ((own->st_uid != other->st_uid || own->st_gid != other->st_gid) &&
	    fchownat(fd, "", other->st_uid, other->st_gid, AT_EMPTY_PATH) ==
		-1 &&
	    errno != EPERM)
		return -1;
	return 0;
}

/* Link this very file, by whatever name, and let it take the place. */
static int
take_place(int fd, const struct place_job *job)
{
	struct stat st;
	char link[32];
	int r, error;

	name_descriptor(fd, link);
	if (look(job->temporary, &st) == 1)
		unlink(job->temporary);
	if (linkat(AT_FDCWD, link, AT_FDCWD, job->temporary,
		AT_SYMLINK_FOLLOW) == -1)
		return -1;
	r = rename(job->temporary, job->public);
	error = errno;
	/* It stays if both were links of one file already, rename(2). */
	if (look(job->temporary, &st) == 1 && is_it(&st, &job->identity))
		unlink(job->temporary);
	errno = error;
	return r;
}

static int
act_place(void *data, int *unused)
{
	const struct place_job *job = data;
	struct stat own, other;
	int fd, found, r = -1;

	if ((found = look(job->public, &other)) == -1)
		return -1;
	if (found == 1 && is_it(&other, &job->identity))
		return 0;
	if ((fd = open_socket(job->private, &own)) == -1)
		return -1;
	if (!is_it(&own, &job->identity))
		errno = ESTALE;
	else if (found == 0 || take_on_looks(fd, &own, &other) == 0)
		r = take_place(fd, job);
	fd_close(&fd);
	return r;
}

int
directory_place(const struct directory *d, const char *private,
    const struct identity *identity, const char *temporary, const char *public)
{
	struct place_job job = { .identity = *identity };

	strlcpy(job.private, private, sizeof(job.private));
	strlcpy(job.temporary, temporary, sizeof(job.temporary));
	strlcpy(job.public, public, sizeof(job.public));
	return do_there(d, -1, act_place, &job, sizeof(job));
}

static int
act_remove(void *data, int *unused)
{
	const struct remove_job *job = data;
	struct stat st;

	if (look(job->name, &st) != 1 || !is_it(&st, &job->identity))
		return 0;
	return unlink(job->name);
}

void
directory_remove(const struct directory *d, const char *name,
    const struct identity *identity)
{
	struct remove_job job = { .identity = *identity };

	strlcpy(job.name, name, sizeof(job.name));
	do_there(d, -1, act_remove, &job, sizeof(job));
}

static int
act_has(void *data, int *unused)
{
	const struct remove_job *job = data;
	struct stat st;
	int r = look(job->name, &st);

	if (r == -1 || (r == 1 && is_it(&st, &job->identity)))
		return r == -1 ? -1 : 0;
	errno = ENOENT;
	return -1;
}

int
directory_has(const struct directory *d, const char *name,
    const struct identity *identity)
{
	struct remove_job job = { .identity = *identity };

	strlcpy(job.name, name, sizeof(job.name));
	return do_there(d, -1, act_has, &job, sizeof(job));
}

/* Nobody serves there: who died has left a file that refuses. */
static int
act_claim(void *data, int *unused)
{
	const struct connect_job *job = data;
	struct stat st;
	int fd, r = look(job->name, &st);

	if (r != 1)
		return r;
	fd = socket(AF_UNIX, job->type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return -1;
	r = connect_name(fd, job->name);
	if (r == -1 && (errno == ECONNREFUSED || errno == ENOENT))
		r = 0;
	else if (r == 0 || errno != EACCES) {
		errno = EADDRINUSE;
		r = -1;
	}
	fd_close(&fd);
	return r;
}

int
directory_claim(const struct directory *d, const char *name, int type)
{
	struct connect_job job = { .type = type };

	strlcpy(job.name, name, sizeof(job.name));
	return do_there(d, -1, act_claim, &job, sizeof(job));
}
