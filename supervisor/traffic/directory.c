/* SPDX-License-Identifier: ISC */
/*
 * Directories: which rights are used there, how directories are held for a
 * successor, and the jobs for a deputy in them.
 */
#include "traffic/directory.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/deputy.h"
#include "base/fd.h"
#include "base/trust.h"
#include "traffic/directory_acts.h"
#include "traffic/finder.h"
#include "traffic/holder.h"

#define HELD_BIT (UINT64_C(1) << 63) /* no socket's cookie has this bit */

struct directory {
	unsigned int refs;
	int fd;
	char path[PATH_MAX];
	struct identity identity;
	struct credentials who;
	uint64_t key; /* its name at the holder; 0: not held yet */
	const struct holder *holder;
};

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

/* Open a directory with these rights, which also hold for the path to it. */
static struct directory *
open_as(const char *path, const struct credentials *who)
{
	char text[PATH_MAX];
	struct deputy_job job = { .who = who,
		.directory = -1,
		.fd = -1,
		.act = directory_act_open,
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
		d->holder->release(d->key, d->fd, false, d->holder->arg);
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

/* If nobody held the directory, it is opened by its path. */
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

/* Have a deputy do an act there, with this socket or -1. */
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
	if (do_there(d, fd, directory_act_bind, &job, sizeof(job)) == -1)
		return -1;
	*made = job.made;
	return 0;
}

int
directory_connect(const struct directory *d, int fd, const char *name)
{
	struct connect_job job = { .fd = fd };

	strlcpy(job.name, name, sizeof(job.name));
	return do_there(d, fd, directory_act_connect, &job, sizeof(job));
}

int
directory_place(const struct directory *d, const char *private,
    const struct identity *identity, const char *temporary, const char *public)
{
	struct place_job job = { .identity = *identity };

	strlcpy(job.private, private, sizeof(job.private));
	strlcpy(job.temporary, temporary, sizeof(job.temporary));
	strlcpy(job.public, public, sizeof(job.public));
	return do_there(d, -1, directory_act_place, &job, sizeof(job));
}

void
directory_remove(const struct directory *d, const char *name,
    const struct identity *identity)
{
	struct remove_job job = { .identity = *identity };

	strlcpy(job.name, name, sizeof(job.name));
	do_there(d, -1, directory_act_remove, &job, sizeof(job));
}

int
directory_has(const struct directory *d, const char *name,
    const struct identity *identity)
{
	struct remove_job job = { .identity = *identity };

	strlcpy(job.name, name, sizeof(job.name));
	return do_there(d, -1, directory_act_has, &job, sizeof(job));
}

int
directory_claim(const struct directory *d, const char *name, int type)
{
	struct connect_job job = { .type = type };

	strlcpy(job.name, name, sizeof(job.name));
	return do_there(d, -1, directory_act_claim, &job, sizeof(job));
}
