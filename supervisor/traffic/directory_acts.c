/* SPDX-License-Identifier: ISC */
/*
 * The acts of a deputy in a directory.
 */
#include "traffic/directory_acts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

/* Has a socket this name?  1; 0 if nothing has it; -1 with ENOTSOCK. */
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

/* Open the very file, so that a later change of its name does not matter. */
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

/* In /proc a descriptor of O_PATH leads to its file, proc(5). */
static void
name_descriptor(int fd, char buf[static 32])
{
	snprintf(buf, 32, "/proc/self/fd/%d", fd);
}

int
directory_act_open(void *data, int *fd)
{
	*fd = open(data, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return *fd == -1 ? -1 : 0;
}

/* Did a predecessor bind it here, and end before that was noted? */
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
 * Bind by the whole path if there is room and it leads here, since
 * getsockname(2) then returns it to the program; else by the name alone.
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

int
directory_act_bind(void *data, int *unused)
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

int
directory_act_connect(void *data, int *unused)
{
	const struct connect_job *job = data;

	return connect_name(job->fd, job->name);
}

/*
 * Copy mode and owner of the socket that is replaced.  We may replace another
 * user's socket, but cannot give ours to that user.
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

/* Link this very file, whatever its name is, and rename the link. */
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
	/* The link stays if both were links of one file, rename(2). */
	if (look(job->temporary, &st) == 1 && identity_is(&job->identity, &st))
		unlink(job->temporary);
	errno = error;
	return r;
}

int
directory_act_place(void *data, int *unused)
{
	const struct place_job *job = data;
	struct stat own, other;
	int fd, found, r = -1;

	if ((found = look(job->public, &other)) == -1)
		return -1;
	if (found == 1 && identity_is(&job->identity, &other))
		return 0;
	if ((fd = open_socket(job->private, &own)) == -1)
		return -1;
	if (!identity_is(&job->identity, &own))
		errno = ESTALE;
	else if (found == 0 || take_on_looks(fd, &own, &other) == 0)
		r = take_place(fd, job);
	fd_close(&fd);
	return r;
}

int
directory_act_remove(void *data, int *unused)
{
	const struct remove_job *job = data;
	struct stat st;

	if (look(job->name, &st) != 1 || !identity_is(&job->identity, &st))
		return 0;
	return unlink(job->name);
}

int
directory_act_has(void *data, int *unused)
{
	const struct remove_job *job = data;
	struct stat st;
	int r = look(job->name, &st);

	if (r == -1 || (r == 1 && identity_is(&job->identity, &st)))
		return r == -1 ? -1 : 0;
	errno = ENOENT;
	return -1;
}

/* A socket whose process has ended leaves a file that refuses connections. */
int
directory_act_claim(void *data, int *unused)
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
