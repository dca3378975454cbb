/* SPDX-License-Identifier: ISC */
/*
 * What happens to a kept directory after the rollout has gone on: its files
 * become copies of their own, named by their bytes, and it is removed at last.
 * Nobody but us can write to these directories.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "process/image_copy.h"
#include "process/image_folder.h"

#define PROGRESS "settled" /* number of lines that are done; -1: all */
#define OBJECTS	 "bytes"   /* in the store */
#define NEW	 ".hotswap-new"

struct settling {
	char objects[PATH_MAX];
	int at; /* of the files */
	char *why;
	size_t size;
};

static int
replace(struct settling *settling, const char *path, const char *copy)
{
	unlinkat(settling->at, NEW, 0);
	if (linkat(AT_FDCWD, copy, settling->at, NEW, 0) == -1) {
		/* Too many links: the next file begins another copy. */
		if (errno != EMLINK || unlink(copy) == -1)
			return -1;
		return 0;
	}
	return renameat(settling->at, NEW, settling->at, path);
}

/* Rights are the file's own, so that only files with equal rights are one. */
static int
settle_file(struct settling *settling, const char *path)
{
	struct image_copy copy = { .path = NULL };
	char rights[64];
	struct stat st;
	int fd, r = -1;

	fd = openat(settling->at, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1 || fstat(fd, &st) == -1)
		goto out;
	snprintf(rights, sizeof(rights), ".%o.%u.%u", st.st_mode & 0777,
	    st.st_uid, st.st_gid);
	r = image_copy_init(&copy, fd, st.st_size, settling->objects, rights);
	if (r == 0 && copy.path == NULL) {
		errno = copy.error;
		r = -1;
	}
	if (r == 0)
		r = replace(settling, path, copy.path);
out:
	if (r == -1)
		snprintf(settling->why, settling->size, "%s: %s", path,
		    strerror(errno));
	image_copy_fini(&copy);
	fd_close(&fd);
	return r;
}

static int
settle_line(struct settling *settling, const char *line)
{
	const char *path = NULL;
	struct stat st;

	if (image_folder_is_overwritten(settling->at, line, &path)) {
		snprintf(settling->why, settling->size,
		    "%s was overwritten before its copy was made", path);
		errno = ESTALE;
		return -1;
	}
	if (path == NULL ||
	    fstatat(settling->at, path, &st, AT_SYMLINK_NOFOLLOW) == -1 ||
	    !S_ISREG(st.st_mode))
		return 0;
	return settle_file(settling, path);
}

static int
settle_lines(struct settling *settling, FILE *list, int progress)
{
	long done = 0, n = 0;
	char *line = NULL;
	size_t room = 0;
	int r = 0;

	if (pread(progress, &done, sizeof(done), 0) != sizeof(done))
		done = 0;
	while (done != -1 && r == 0 && getdelim(&line, &room, '\0', list) > 0) {
		if (n++ < done)
			continue;
		r = settle_line(settling, line);
		if (r == 0)
			fd_write_at(progress, &n, sizeof(n), 0);
	}
	n = -1;
	if (r == 0 && !ferror(list))
		r = fd_write_at(progress, &n, sizeof(n), 0);
	free(line);
	return r;
}

int
image_folder_lock(const char *store)
{
	int fd = open(store, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd != -1 && flock(fd, LOCK_EX) == -1)
		fd_close(&fd);
	return fd;
}

int
image_folder_settle(const char *store, const char *id, char *why, size_t size)
{
	struct settling settling = { .why = why, .size = size };
	char path[PATH_MAX];
	int progress, r = -1;
	FILE *list;

	snprintf(
	    settling.objects, sizeof(settling.objects), "%s/" OBJECTS, store);
	snprintf(path, sizeof(path), "%s/%s/" IMAGE_FOLDER_FILES, store, id);
	settling.at = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	snprintf(path, sizeof(path), "%s/%s/" PROGRESS, store, id);
	progress = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	snprintf(path, sizeof(path), "%s/%s/" IMAGE_FOLDER_LIST, store, id);
	list = fopen(path, "re");
	if (settling.at != -1 && progress != -1 && list != NULL)
		r = settle_lines(&settling, list, progress);
	else
		snprintf(why, size, "%s: %s", path, strerror(errno));
	if (list != NULL)
		fclose(list);
	fd_close(&progress);
	fd_close(&settling.at);
	return r;
}

static void
remove_entries(int at)
{
	const struct dirent *entry;
	DIR *directory;
	int fd;

	if ((directory = fdopendir(at)) == NULL) {
		fd_close(&at);
		return;
	}
	while ((entry = readdir(directory)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0 ||
		    unlinkat(at, entry->d_name, 0) == 0)
			continue;
		fd = openat(at, entry->d_name,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd != -1)
			remove_entries(fd);
		unlinkat(at, entry->d_name, AT_REMOVEDIR);
	}
	closedir(directory);
}

void
image_folder_remove(const char *store, const char *id)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", store, id);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return;
	remove_entries(fd);
	rmdir(path);
}

void
image_folder_sweep(const char *store)
{
	const struct dirent *entry;
	char path[PATH_MAX];
	DIR *directory;
	struct stat st;

	snprintf(path, sizeof(path), "%s/" OBJECTS, store);
	if ((directory = opendir(path)) == NULL)
		return;
	while ((entry = readdir(directory)) != NULL)
		if (fstatat(dirfd(directory), entry->d_name, &st,
			AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(st.st_mode) && st.st_nlink == 1)
			unlinkat(dirfd(directory), entry->d_name, 0);
	closedir(directory);
}
