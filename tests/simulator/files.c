/* SPDX-License-Identifier: ISC */
/*
 * System calls on files: memfds, and files by path on a disk that may be full.
 * A file's bytes outlive the supervisor; a write that a kill interrupts may be
 * torn.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "world.h"

int
memfd_create(const char *name, unsigned int flags)
{
	step("memfd_create");
	return fd_new(object_new(FILE_OBJECT));
}

/* Programs of the simulation store no descriptors: nothing hangs up. */
int
epoll_create1(int flags)
{
	return fd_new(object_new(FILE_OBJECT));
}

static bool
is_full(void)
{
	const struct faults *f = &W->faults;

	W->kernel.writes++;
	return !W->calm && f->full_from != 0 &&
	    W->kernel.writes >= f->full_from &&
	    W->kernel.writes < f->full_from + f->full_writes;
}

static int
make_name(const char *path)
{
	struct name *name;
	int i;

	for (i = 0; i < NAMES; i++)
		if (W->kernel.names[i].object == -1)
			break;
	if (i == NAMES)
		broken("simulator", "too many names");
	name = &W->kernel.names[i];
	snprintf(name->path, sizeof(name->path), "%s", path);
	name->object = object_new(FILE_OBJECT);
	object_at(name->object)->linked = true;
	return i;
}

int
open(const char *path, int flags, ...)
{
	struct object *o;
	int i;

	step("open");
	i = name_find(path);
	if (i == -1 && (flags & O_CREAT) == 0) {
		errno = ENOENT;
		return -1;
	}
	if (i != -1 && (flags & O_EXCL) != 0) {
		errno = EEXIST;
		return -1;
	}
	if (i == -1 && is_full()) {
		errno = ENOSPC;
		return -1;
	}
	if (i == -1)
		i = make_name(path);
	o = object_at(W->kernel.names[i].object);
	o->at = (flags & O_APPEND) != 0 ? o->size : 0;
	object_ref(W->kernel.names[i].object);
	return fd_new(W->kernel.names[i].object);
}

int
unlink(const char *path)
{
	int i, object;

	step("unlink");
	if ((i = name_find(path)) == -1) {
		errno = ENOENT;
		return -1;
	}
	object = W->kernel.names[i].object;
	W->kernel.names[i].object = -1;
	object_at(object)->linked = false;
	object_unref(object);
	return 0;
}

int
rename(const char *from, const char *to)
{
	int i;

	step("rename");
	if ((i = name_find(from)) == -1) {
		errno = ENOENT;
		return -1;
	}
	if (name_find(to) != -1)
		unlink(to);
	snprintf(
	    W->kernel.names[i].path, sizeof(W->kernel.names[i].path), "%s", to);
	return 0;
}

static ssize_t
put(struct object *o, const void *data, size_t len, size_t at)
{
	if (at + len > FILE_ROOM)
		broken("simulator", "a file of more than %d bytes", FILE_ROOM);
	if (at > o->size)
		memset(file_bytes[o->file] + o->size, 0, at - o->size);
	memcpy(file_bytes[o->file] + at, data, len);
	if (at + len > o->size)
		o->size = at + len;
	return (ssize_t)len;
}

/* A part of it, if the supervisor is killed in the middle. */
static void
tear(struct object *o, const void *data, size_t len, size_t at)
{
	unsigned int i;

	for (i = 0; W->faults.torn && i < W->faults.nkills; i++)
		if (W->faults.kill_at[i] == W->steps + 1)
			put(o, data, draw((unsigned int)len + 1), at);
}

ssize_t
pwrite(int fd, const void *data, size_t len, off_t at)
{
	struct object *o = fd_at(fd, FILE_OBJECT);

	if (o == NULL)
		return -1;
	tear(o, data, len, (size_t)at);
	step("pwrite");
	if (o->linked && is_full()) {
		errno = ENOSPC;
		return -1;
	}
	return put(o, data, len, (size_t)at);
}

ssize_t
write(int fd, const void *data, size_t len)
{
	struct object *o = fd_at(fd, FILE_OBJECT);
	ssize_t n;

	if (o == NULL)
		return -1;
	if ((n = pwrite(fd, data, len, (off_t)o->at)) > 0)
		o->at += (size_t)n;
	return n;
}

ssize_t
pread(int fd, void *data, size_t len, off_t at)
{
	const struct object *o = fd_at(fd, FILE_OBJECT);

	step("pread");
	if (o == NULL)
		return -1;
	if ((size_t)at >= o->size)
		return 0;
	if (len > o->size - (size_t)at)
		len = o->size - (size_t)at;
	memcpy(data, file_bytes[o->file] + at, len);
	return (ssize_t)len;
}

ssize_t
read(int fd, void *data, size_t len)
{
	struct object *o = fd_at(fd, FILE_OBJECT);
	ssize_t n;

	if (o == NULL)
		return -1;
	if ((n = pread(fd, data, len, (off_t)o->at)) > 0)
		o->at += (size_t)n;
	return n;
}

off_t
lseek(int fd, off_t at, int whence)
{
	struct object *o = fd_at(fd, FILE_OBJECT);

	if (o == NULL)
		return -1;
	if (whence == SEEK_END)
		at += (off_t)o->size;
	else if (whence == SEEK_CUR)
		at += (off_t)o->at;
	o->at = (size_t)at;
	return at;
}

int
ftruncate(int fd, off_t size)
{
	struct object *o = fd_at(fd, FILE_OBJECT);

	step("ftruncate");
	if (o == NULL)
		return -1;
	if ((size_t)size > o->size)
		memset(
		    file_bytes[o->file] + o->size, 0, (size_t)size - o->size);
	o->size = (size_t)size;
	return 0;
}

/* For reading: stdio cannot be told to use our read. */
FILE *
fopen(const char *path, const char *mode)
{
	const struct object *o;
	int i = name_find(path);

	step("fopen");
	if (i == -1) {
		errno = ENOENT;
		return NULL;
	}
	o = object_at(W->kernel.names[i].object);
	return fmemopen(file_bytes[o->file], o->size > 0 ? o->size : 1, "r");
}

/* STATUS */

static void
describe(int object, struct stat *st)
{
	const struct object *o = object_at(object);

	*st = (struct stat){ .st_dev = 1,
		.st_ino = (ino_t)o->cookie,
		.st_mode =
		    o->kind == FILE_OBJECT ? S_IFREG | 0600 : S_IFSOCK | 0600,
		.st_nlink = o->linked,
		.st_size = (off_t)o->size };
}

int
fstat(int fd, struct stat *st)
{
	int object;

	if (fd < 3) {
		*st = (struct stat){ .st_mode = S_IFCHR | 0600 };
		return 0;
	}
	if ((object = fd_object(fd)) == -1)
		return -1;
	describe(object, st);
	return 0;
}

int
stat(const char *path, struct stat *st)
{
	int i = name_find(path);

	if (i != -1) {
		describe(W->kernel.names[i].object, st);
		return 0;
	}
	errno = ENOENT;
	return -1;
}

int
lstat(const char *path, struct stat *st)
{
	return stat(path, st);
}

int
access(const char *path, int mode)
{
	if (name_find(path) != -1)
		return 0;
	errno = ENOENT;
	return -1;
}

ssize_t
readlink(const char *path, char *buf, size_t size)
{
	errno = ENOENT;
	return -1;
}

int
mkdir(const char *path, mode_t mode)
{
	return 0;
}

int
fcntl(int fd, int command, ...)
{
	int object;

	if (command != F_DUPFD_CLOEXEC)
		return 0;
	step("fcntl");
	if ((object = fd_object(fd)) == -1)
		return -1;
	object_ref(object);
	return fd_new(object);
}
