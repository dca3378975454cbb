/* SPDX-License-Identifier: ISC */
/*
 * The copy's files.  A supervisor acts on what they say, so they are trusted
 * only if they belong to its user and nobody else can write them.
 */
#include "keep/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

void
copy_init(struct copy *copy, const char *directory, const char *name)
{
	copy->files = (struct checkpoint){ .fds = { -1, -1 } };
	if (snprintf(copy->base, sizeof(copy->base), "%s/%s.checkpoint",
		directory, name) >= (int)sizeof(copy->base))
		copy->base[0] = '\0'; /* no file has the name "" */
}

void
copy_fini(struct copy *copy)
{
	checkpoint_fini(&copy->files);
}

static void
put_path(const struct copy *copy, size_t n, char path[static PATH_MAX + 8])
{
	snprintf(path, PATH_MAX + 8, "%s.%zu", copy->base, n);
}

/* -1 with errno, EPERM: a link, another user's file, or open to others. */
static int
open_file(const struct copy *copy, size_t n, int flags)
{
	char path[PATH_MAX + 8];
	struct stat st;
	int fd;

	put_path(copy, n, path);
	fd = open(
	    path, flags | O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (fd == -1 && errno == ELOOP)
		errno = EPERM;
	if (fd == -1 || fstat(fd, &st) == -1)
		return fd;
	if (S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
	    (st.st_mode & (S_IRWXG | S_IRWXO)) == 0)
		return fd;
	errno = EPERM;
	fd_close(&fd);
	return -1;
}

bool
copy_has_gone(const struct copy *copy)
{
	struct stat st;
	size_t i;

	for (i = 0; i < CHECKPOINT_FILES; i++)
		if (copy->files.fds[i] != -1 &&
		    fstat(copy->files.fds[i], &st) == 0 && st.st_nlink == 0)
			return true;
	return false;
}

static bool
is_open(const struct copy *copy)
{
	size_t i;

	for (i = 0; i < CHECKPOINT_FILES; i++)
		if (copy->files.fds[i] == -1)
			return false;
	return !copy_has_gone(copy);
}

static int
open_files(struct copy *copy, int flags)
{
	int error = 0;
	size_t i;

	copy_fini(copy);
	for (i = 0; i < CHECKPOINT_FILES; i++) {
		copy->files.fds[i] = open_file(copy, i, flags);
		if (copy->files.fds[i] == -1 && (error == 0 || error == ENOENT))
			error = errno;
	}
	errno = error;
	return error == 0 ? 0 : -1;
}

/* Without a whole copy the files are removed. */
static int
write_copy(struct copy *copy, json_t *document, unsigned long long sequence,
    struct checkpoint_change *change)
{
	int error;

	copy->files.sequence = sequence - 1;
	if ((is_open(copy) || open_files(copy, O_CREAT) == 0) &&
	    checkpoint_save_change(&copy->files, document, change) == 0)
		return 0;
	error = errno;
	copy_remove(copy);
	errno = error;
	return -1;
}

int
copy_save(struct copy *copy, json_t *document, unsigned long long sequence,
    struct checkpoint_change *change)
{
	if (write_copy(copy, document, sequence, change) == 0)
		return 0;
	/* There may be room for the document alone, without records. */
	if (errno != ENOSPC && errno != EDQUOT)
		return -1;
	return write_copy(copy, document, sequence, change);
}

json_t *
copy_load(struct copy *copy, char *why, size_t size)
{
	why[0] = '\0';
	if (open_files(copy, 0) == -1) {
		if (errno != ENOENT) {
			snprintf(why, size, "%s.*: %s", copy->base,
			    errno == EPERM
				? "it is a link, belongs to another user, or "
				  "others may read or write it"
				: strerror(errno));
			return NULL;
		}
		/* Before the second save there is only one of the files. */
		if (copy->files.fds[0] == -1 && copy->files.fds[1] == -1)
			return NULL;
	}
	return checkpoint_load(&copy->files, why, size);
}

void
copy_remove(struct copy *copy)
{
	char path[PATH_MAX + 8];
	size_t i;

	copy_fini(copy);
	for (i = 0; i < CHECKPOINT_FILES; i++) {
		put_path(copy, i, path);
		unlink(path);
	}
}
