/* SPDX-License-Identifier: ISC */
/*
 * Keeping a directory, and comparing it with what was kept.  The program's user
 * may own the directory and change it meanwhile: names are followed through no
 * link, and only what was opened is read.
 */
#include "process/image_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "process/image_copy.h"
#include "process/image_rights.h"

#define DEPTH	 64
#define CHUNK	 (1 << 20)
#define SMALL	 (1 << 20) /* size of a file that is copied at once, */
#define COPY_MS	 200	   /* as long as the upgrade has not waited so long */
#define NOFOLLOW (O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)

/* A directory that is being kept. */
struct keeping {
	dev_t dev;	     /* of its file system */
	struct timespec now; /* older files have not changed since */
	int64_t until_ms;    /* until then files are copied */
	bool clones;	     /* the file systems may share blocks */
	bool links;	     /* they may be one */
	FILE *list;
	char path[PATH_MAX]; /* of the entry, relative */
	char *why;
	size_t size;
};

static int
fail(const struct keeping *keeping, const char *what)
{
	int saved = errno;

	snprintf(keeping->why, keeping->size, "%s: %s: %s", keeping->path, what,
	    strerror(errno));
	errno = saved;
	return -1;
}

static bool
is_before(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec < b->tv_sec ||
	    (a->tv_sec == b->tv_sec && a->tv_nsec < b->tv_nsec);
}

static int
copy_bytes(int from, int to)
{
	ssize_t n;

	do
		n = sendfile(to, from, NULL, CHUNK);
	while (n > 0);
	return (int)n;
}

/* As a file of our own: with shared blocks, or copied. */
static int
take_bytes(struct keeping *keeping, int from, int to)
{
	struct stat st;
	struct timespec times[2];

	if (!keeping->clones || ioctl(to, FICLONE, from) == -1) {
		keeping->clones = false;
		if (copy_bytes(from, to) == -1)
			return -1;
	}
	if (fstat(from, &st) == -1 || image_rights_copy(from, to) == -1)
		return -1;
	times[0] = times[1] = st.st_mtim;
	return futimens(to, times);
}

static int
take_file(struct keeping *keeping, int from, int to, const char *name,
    const struct stat *st)
{
	int source, target = -1, r = -1;
	bool is_long = (!keeping->clones && st->st_size > SMALL) ||
	    clock_ms() > keeping->until_ms;

	if (is_long && keeping->links &&
	    is_before(&st->st_mtim, &keeping->now)) {
		if (linkat(from, name, to, name, 0) == 0)
			return 0;
		keeping->links = errno != EXDEV;
	}
	source = openat(from, name, O_RDONLY | NOFOLLOW);
	if (source != -1)
		target = openat(
		    to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (target != -1)
		r = take_bytes(keeping, source, target);
	if (r == -1)
		fail(keeping, "cannot be kept");
	fd_close(&source);
	fd_close(&target);
	return r;
}

/* What is compared later: the kind, and of a file its size and time. */
static int
note(struct keeping *keeping, const struct stat *st)
{
	bool regular = S_ISREG(st->st_mode);

	if (fprintf(keeping->list, "%o %lld %lld.%09ld %s%c",
		st->st_mode & S_IFMT, regular ? (long long)st->st_size : 0LL,
		regular ? (long long)st->st_mtim.tv_sec : 0LL,
		regular ? st->st_mtim.tv_nsec : 0L, keeping->path, '\0') > 0)
		return 0;
	return fail(keeping, "cannot be listed");
}

static int
take_link(struct keeping *keeping, int from, int to, const char *name)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(from, name, target, sizeof(target) - 1);

	if (n == -1)
		return fail(keeping, "cannot be read");
	target[n] = '\0';
	return symlinkat(target, to, name) == -1
	    ? fail(keeping, "cannot be kept")
	    : 0;
}

static int take_directory(struct keeping *, int from, const char *name, int to,
    const char *as, unsigned int depth);

/* Returns 1 if the entry is left out. */
static int
take_entry(struct keeping *keeping, int from, int to, const char *name,
    unsigned int depth)
{
	struct stat st;
	int r = 1;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ? 1 : fail(keeping, "cannot be read");
	if (st.st_dev != keeping->dev)
		return 1;
	if (S_ISREG(st.st_mode))
		r = take_file(keeping, from, to, name, &st);
	else if (S_ISLNK(st.st_mode))
		r = take_link(keeping, from, to, name);
	else if (S_ISDIR(st.st_mode))
		r = take_directory(keeping, from, name, to, name, depth + 1);
	return r == 0 ? note(keeping, &st) : r;
}

static int
take_entries(struct keeping *keeping, int from, int to, unsigned int depth)
{
	size_t length = strlen(keeping->path);
	const struct dirent *entry;
	DIR *directory;
	int fd = fcntl(from, F_DUPFD_CLOEXEC, 0), r = 0;

	if (fd == -1 || (directory = fdopendir(fd)) == NULL) {
		fd_close(&fd);
		return fail(keeping, "cannot be read");
	}
	while (r != -1 && (entry = readdir(directory)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		if (snprintf(keeping->path + length,
			sizeof(keeping->path) - length, "%s%s",
			length > 0 ? "/" : "", entry->d_name) >=
		    (int)(sizeof(keeping->path) - length)) {
			errno = ENAMETOOLONG;
			r = fail(keeping, "cannot be kept");
			break;
		}
		r = take_entry(keeping, from, to, entry->d_name, depth);
		keeping->path[length] = '\0';
	}
	closedir(directory);
	return r == -1 ? -1 : 0;
}

/* As image_rights_copy, but we go on making and removing entries there. */
static int
give_rights(int original, int directory)
{
	struct stat st;

	if (image_rights_copy(original, directory) == -1 ||
	    fstat(directory, &st) == -1)
		return -1;
	return fchmod(directory, (st.st_mode & 07777) | S_IWUSR);
}

static int
take_directory(struct keeping *keeping, int from, const char *name, int to,
    const char *as, unsigned int depth)
{
	int source, target = -1, r = -1;

	if (depth > DEPTH) {
		errno = ELOOP;
		return fail(keeping, "cannot be kept");
	}
	source = openat(from, name, O_RDONLY | O_DIRECTORY | NOFOLLOW);
	if (source != -1 && mkdirat(to, as, 0700) == 0)
		target = openat(to, as, O_RDONLY | O_DIRECTORY | NOFOLLOW);
	if (target == -1)
		fail(keeping, "cannot be kept");
	else if (take_entries(keeping, source, target, depth) == 0 &&
	    (r = give_rights(source, target)) == -1)
		fail(keeping, "cannot be kept");
	fd_close(&source);
	fd_close(&target);
	return r;
}

static int
take_all(struct keeping *keeping, int fd, int to)
{
	int list = openat(to, IMAGE_FOLDER_LIST,
	    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	struct stat st;
	int r = -1;

	keeping->list = list != -1 ? fdopen(list, "w") : NULL;
	if (keeping->list == NULL || fstat(fd, &st) == -1) {
		fd_close(&list);
		return fail(keeping, IMAGE_FOLDER_LIST);
	}
	keeping->dev = st.st_dev;
	r = take_directory(keeping, fd, ".", to, IMAGE_FOLDER_FILES, 0);
	if (fclose(keeping->list) != 0 && r == 0)
		r = fail(keeping, "cannot be listed");
	return r;
}

/* Mode 0711, since programs that run as other users must get through. */
static int
make_place(const char *path)
{
	return mkdir(path, 0711) == -1 && errno != EEXIST ? -1
							  : chmod(path, 0711);
}

int
image_folder_keep(int fd, const char *store, char id[static IMAGE_FOLDER_ID],
    char *why, size_t size)
{
	struct keeping keeping = { .clones = true,
		.links = true,
		.why = why,
		.size = size,
		.until_ms = clock_ms() + COPY_MS };
	char writing[PATH_MAX], kept[PATH_MAX];
	int to = -1, r = -1;

	clock_gettime(CLOCK_REALTIME_COARSE, &keeping.now);
	snprintf(id, IMAGE_FOLDER_ID, IMAGE_WRITER "%d", (int)getpid());
	image_folder_remove(store, id);
	snprintf(writing, sizeof(writing), "%s/%s", store, id);
	snprintf(id, IMAGE_FOLDER_ID, "%lld.%d", (long long)keeping.now.tv_sec,
	    (int)getpid());
	snprintf(kept, sizeof(kept), "%s/%s", store, id);
	if (make_place(store) == 0 && make_place(writing) == 0)
		to = open(writing, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (to == -1)
		snprintf(why, size, "%s: %s", store, strerror(errno));
	else
		r = take_all(&keeping, fd, to);
	fd_close(&to);
	if (r == 0 && (r = rename(writing, kept)) == -1)
		snprintf(why, size, "%s: %s", kept, strerror(errno));
	if (r == -1) {
		snprintf(id, IMAGE_FOLDER_ID, IMAGE_WRITER "%d", (int)getpid());
		image_folder_remove(store, id);
	}
	return r;
}

bool
image_folder_is_unchanged(int at, const char *line, const char **path)
{
	long long size, seconds;
	unsigned int kind;
	struct stat st;
	long nanos;
	int end = 0;

	*path = NULL;
	if (sscanf(line, "%o %lld %lld.%ld %n", &kind, &size, &seconds, &nanos,
		&end) != 4)
		return false;
	*path = line + end;
	if (fstatat(at, *path, &st, AT_SYMLINK_NOFOLLOW) == -1 ||
	    (st.st_mode & S_IFMT) != kind)
		return false;
	return !S_ISREG(kind) ||
	    (st.st_size == size && st.st_mtim.tv_sec == seconds &&
		st.st_mtim.tv_nsec == nanos);
}

/* A predicate on a line of the list, for files below at. */
typedef bool line_test(int at, const char *line, const char **path);

static bool
is_changed(int at, const char *line, const char **path)
{
	return !image_folder_is_unchanged(at, line, path);
}

/* A copy of ours is written by nobody; a link is the user's file. */
bool
image_folder_is_overwritten(int at, const char *line, const char **path)
{
	bool changed = is_changed(at, line, path);
	struct stat st;

	return changed && *path != NULL &&
	    fstatat(at, *path, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(st.st_mode) &&
	    (st.st_uid != geteuid() ||
		(st.st_mode & (S_IWUSR | S_IWGRP | S_IWOTH)) != 0);
}

/*
 * Find the first line of the list for which the test is true: 1, and the
 * file's path; else 0; -1 if the list cannot be read.
 */
static int
find_line(const char *directory, const char *kept, line_test *test, char *found,
    size_t size)
{
	int at = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	char path[PATH_MAX], *line = NULL;
	const char *entry = NULL;
	size_t room = 0;
	FILE *list;
	int r = 0;

	snprintf(path, sizeof(path), "%s/" IMAGE_FOLDER_LIST, kept);
	list = fopen(path, "re");
	while (r == 0 && at != -1 && list != NULL &&
	    getdelim(&line, &room, '\0', list) > 0)
		r = test(at, line, &entry);
	if (at == -1 || list == NULL || ferror(list))
		r = -1;
	if (r == 1)
		strlcpy(found, entry != NULL ? entry : "", size);
	if (list != NULL)
		fclose(list);
	free(line);
	fd_close(&at);
	return r;
}

bool
image_folder_is_in_place(const char *path, const char *kept)
{
	char changed[PATH_MAX];

	return find_line(path, kept, is_changed, changed, sizeof(changed)) == 0;
}

bool
image_folder_inspect(const char *kept, char *file, size_t size)
{
	char path[PATH_MAX];
	bool overwritten;

	snprintf(path, sizeof(path), "%s/" IMAGE_FOLDER_FILES, kept);
	overwritten =
	    find_line(path, kept, image_folder_is_overwritten, file, size) == 1;
	snprintf(path, sizeof(path), "%s/" IMAGE_FOLDER_DAMAGED, kept);
	if (overwritten)
		close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	return overwritten;
}

bool
image_folder_is_damaged(const char *kept)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/" IMAGE_FOLDER_DAMAGED, kept);
	return access(path, F_OK) == 0;
}
