/* SPDX-License-Identifier: ISC */
/*
 * A file of an image: comparing what is on disk with what was hashed.
 */
#include "process/image_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/foreign.h"

#define SETTLING_S 3 /* some file systems tell times in steps of two */

static bool
same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* ctime is not compared: unlink(2) and rename(2) change it, too. */
static bool
same_bytes(const struct image_identity *is, const struct stat *st)
{
	return st->st_dev == is->dev && st->st_ino == is->ino &&
	    st->st_size == is->size && same_time(&st->st_mtim, &is->mtime);
}

/*
 * Not if it has been changed just now: another change may get the same times.
 * Not if others may write: they could do it through memory, and a page that has
 * been written once is written again without new times, mmap(2).  And not where
 * the times are another machine's, or where such writes never change them.
 */
bool
image_file_is_settled(int fd, const struct stat *st)
{
	struct timespec now;
	struct statfs fs;

	if ((st->st_uid != 0 && st->st_uid != getuid()) ||
	    (st->st_mode & (S_IWGRP | S_IWOTH)) != 0 || !foreign_is_local(fd) ||
	    fstatfs(fd, &fs) == -1 || fs.f_type == TMPFS_MAGIC ||
	    fs.f_type == RAMFS_MAGIC)
		return false;
	clock_gettime(CLOCK_REALTIME, &now);
	return st->st_mtim.tv_sec + SETTLING_S < now.tv_sec &&
	    st->st_ctim.tv_sec + SETTLING_S < now.tv_sec;
}

bool
image_file_is_same(const struct image_file *file, const struct stat *st)
{
	return file->settled && same_bytes(&file->identity, st) &&
	    same_time(&st->st_ctim, &file->identity.ctime);
}

bool
image_file_is_in_place(const struct image_file *file)
{
	struct stat st;

	return file->path == NULL ||
	    (stat(file->path, &st) == 0 && same_bytes(&file->identity, &st) &&
		same_time(&st.st_ctim, &file->identity.ctime));
}

bool
image_file_is_unwritten(const struct image_file *file)
{
	struct stat st;

	return file->path == NULL ||
	    (stat(file->path, &st) == 0 && same_bytes(&file->identity, &st));
}

bool
image_file_is_held(const struct image_file *file)
{
	struct stat st;

	return file->fd != -1 && fstat(file->fd, &st) == 0 &&
	    same_bytes(&file->identity, &st);
}

bool
image_file_is_copied(const struct image_file *file)
{
	struct stat st;

	return file->copy != NULL && stat(file->copy, &st) == 0 &&
	    st.st_size == file->identity.size;
}

int
image_file_find(const struct image_file *file, char *buf, size_t size)
{
	struct stat held, found;
	char link[64];
	ssize_t n;

	if (!image_file_is_held(file))
		return -1;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", file->fd);
	if ((n = readlink(link, buf, size)) <= 0 || (size_t)n == size)
		return -1;
	buf[n] = '\0';
	return strcmp(buf, file->path) != 0 && fstat(file->fd, &held) == 0 &&
		lstat(buf, &found) == 0 && found.st_dev == held.st_dev &&
		found.st_ino == held.st_ino
	    ? 0
	    : -1;
}

json_t *
image_file_identity(const struct stat *st)
{
	return json_pack("{sI sI sI s[II] s[II]}", "dev",
	    (json_int_t)st->st_dev, "ino", (json_int_t)st->st_ino, "size",
	    (json_int_t)st->st_size, "mtime", (json_int_t)st->st_mtim.tv_sec,
	    (json_int_t)st->st_mtim.tv_nsec, "ctime",
	    (json_int_t)st->st_ctim.tv_sec, (json_int_t)st->st_ctim.tv_nsec);
}

static int
read_identity(struct image_identity *is, const json_t *object)
{
	json_int_t dev, ino, size, mtime[2], ctime[2];

	if (json_unpack((json_t *)object, "{sI sI sI s[II!] s[II!]}", "dev",
		&dev, "ino", &ino, "size", &size, "mtime", &mtime[0], &mtime[1],
		"ctime", &ctime[0], &ctime[1]) == -1)
		return -1;
	*is = (struct image_identity){ .dev = dev,
		.ino = ino,
		.size = size,
		.mtime = { .tv_sec = mtime[0], .tv_nsec = mtime[1] },
		.ctime = { .tv_sec = ctime[0], .tv_nsec = ctime[1] } };
	return 0;
}

int
image_file_read(
    struct image_file *file, const json_t *object, const char *path_key)
{
	const char *sha256, *path, *copy = NULL;
	const json_t *identity;
	int settled = false; /* an older build does not tell */

	file->fd = -1;
	if (json_unpack((json_t *)object, "{ss s?s ss so s?b}", path_key, &path,
		"copy", &copy, "sha256", &sha256, "file", &identity, "settled",
		&settled) == -1 ||
	    strlcpy(file->sha256, sha256, sizeof(file->sha256)) !=
		sizeof(file->sha256) - 1 ||
	    read_identity(&file->identity, identity) == -1) {
		errno = EINVAL;
		return -1;
	}
	file->path = (char *)path;
	file->copy = (char *)copy;
	file->settled = settled;
	file->fd = open(path, O_PATH | O_CLOEXEC);
	if (!image_file_is_held(file))
		fd_close(&file->fd);
	return 0;
}

void
image_file_fini(struct image_file *file)
{
	fd_close(&file->fd);
}
