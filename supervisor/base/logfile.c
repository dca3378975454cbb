/* SPDX-License-Identifier: ISC */
/*
 * Writing and rotating.  Each writer compares its file with the file of that
 * name, so nobody has to tell it of a rotation.  The lock on the old file
 * decides who makes the new one.
 */
#include "base/logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/param.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

/* The new file gets the old one's number, which may be known elsewhere. */
static int
put_in_place(struct logfile *file, int fd)
{
	int flags = file->fd <= STDERR_FILENO ? 0 : O_CLOEXEC;
	int r = 0;

	if (file->fd == -1) {
		file->fd = fd;
		return 0;
	}
	if (dup3(fd, file->fd, flags) == -1)
		r = -1;
	fd_close(&fd);
	return r;
}

static int
open_named(struct logfile *file, int flags)
{
	/* Nonblocking: the name may have become a FIFO's. */
	int fd = open(file->path,
	    O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | flags,
	    0640);

	return fd == -1 ? -1 : put_in_place(file, fd);
}

int
logfile_reopen(struct logfile *file)
{
	return open_named(file, O_CREAT);
}

static bool
is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Open the file that has the name now, and get its length. */
static int
follow(struct logfile *file, struct stat *st)
{
	struct stat named;
	bool open = file->fd != -1 && fstat(file->fd, st) == 0;
	bool there = lstat(file->path, &named) == 0;

	if (open && there && is_same(st, &named))
		return 0;
	/*
	 * The process that renamed it will make the new file, or call for it.
	 */
	if (open && !there && st->st_nlink > 0)
		return 0;
	if (logfile_reopen(file) == -1 && !open)
		return -1;
	return fstat(file->fd, st);
}

/* The oldest file is lost. */
static void
shift_numbers(const char *path)
{
	char from[PATH_MAX + 16], to[PATH_MAX + 16];
	int i;

	for (i = LOGFILE_KEPT; i > 0; i--) {
		snprintf(to, sizeof(to), "%s.%d", path, i);
		if (i > 1)
			snprintf(from, sizeof(from), "%s.%d", path, i - 1);
		else
			strlcpy(from, path, sizeof(from));
		rename(from, to);
	}
}

/*
 * If another writer rotates at this moment, the next line goes into its file.
 */
static void
rotate(struct logfile *file)
{
	int old = file->fd, lock = fd_dup(old);
	struct stat st, named;

	if (lock == -1 || flock(lock, LOCK_EX | LOCK_NB) == -1) {
		fd_close(&lock);
		return;
	}
	if (fstat(lock, &st) == 0 && lstat(file->path, &named) == 0 &&
	    is_same(&st, &named))
		shift_numbers(file->path);
	logfile_reopen(file);
	/*
	 * file->fd was a duplicate with the same lock; now it is the new file.
	 */
	flock(lock, LOCK_UN);
	fd_close(&lock);
}

static const char *
last_newline(const char *data, size_t len)
{
	return memrchr(data, '\n', len);
}

size_t
logfile_cut(const char *data, size_t len, size_t room, bool midline)
{
	const char *end;

	if (len <= room)
		return len;
	if ((end = last_newline(data, room)) != NULL)
		return (size_t)(end - data) + 1;
	if (!midline)
		return 0;
	end = memchr(data, '\n', MIN(len, room + LOGFILE_LINE));
	return end != NULL ? (size_t)(end - data) + 1 : room;
}

static int
write_piece(struct logfile *file, const char *data, size_t len)
{
	if (len == 0)
		return 0;
	if (fd_write_all(file->fd, data, len) == -1)
		return -1;
	file->midline = data[len - 1] != '\n';
	return 0;
}

int
logfile_write(struct logfile *file, const char *data, size_t len)
{
	struct stat st;
	size_t room, cut;

	if (follow(file, &st) == -1)
		return -1;
	if (file->max > 0 && st.st_size > 0 &&
	    (uint64_t)st.st_size + len > file->max) {
		room = (uint64_t)st.st_size < file->max
		    ? file->max - (uint64_t)st.st_size
		    : 0;
		cut = logfile_cut(data, len, room, file->midline);
		if (write_piece(file, data, cut) == -1)
			return -1;
		rotate(file);
		data += cut;
		len -= cut;
	}
	return write_piece(file, data, len);
}
