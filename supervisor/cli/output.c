/* SPDX-License-Identifier: ISC */
/*
 * A result goes into a new file beside the old one, and then gets its name:
 * nobody sees half of it, also if the disk is full.  What the name leads to is
 * opened first, so that the kernel decides whether this user may write there,
 * and whether a link may be followed (proc_sys_fs(5), protected_symlinks).
 */
#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli/tell.h"

/* Where the result goes to. */
struct target {
	const char *path;
	int fd; /* of what is there; -1: nothing */
	struct stat st;
	char real[PATH_MAX]; /* the file's own path, without links */
};

static int
tell_failure(const struct target *target, const char *what)
{
	int error = errno;
	bool forbidden = error == EACCES || error == EPERM || error == EROFS;

	if (error == EISDIR)
		return tell(STATUS_USAGE,
		    "%s is a directory: name a file in it", target->path);
	return tell(forbidden ? STATUS_NOPERM : STATUS_SOFTWARE,
	    "%s: %s cannot be written: %s%s", target->path, what,
	    strerror(error),
	    target->fd != -1 ? "; what was there is unchanged" : "");
}

/* Whether a file is there that can be replaced under its own path. */
static bool
is_replaceable(struct target *target)
{
	struct stat st;
	char link[64];
	ssize_t n;

	if (!S_ISREG(target->st.st_mode))
		return false;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", target->fd);
	n = readlink(link, target->real, sizeof(target->real) - 1);
	if (n <= 0)
		return false;
	target->real[n] = '\0';
	return lstat(target->real, &st) == 0 &&
	    st.st_dev == target->st.st_dev && st.st_ino == target->st.st_ino;
}

/* The file gets the owner and mode of the one before, or those of a new one. */
static int
dress(const struct target *target, int fd)
{
	mode_t mask = umask(0);

	umask(mask);
	if (target->fd == -1)
		return fchmod(fd, 0666 & ~mask);
	/* Only root can give a file away. */
	(void)!fchown(fd, target->st.st_uid, target->st.st_gid);
	return fchmod(fd, target->st.st_mode & 0777);
}

static int
replace(const struct target *target, const char *text, size_t size)
{
	char new[PATH_MAX + 16];
	int fd, saved, result = -1;

	snprintf(new, sizeof(new), "%s.XXXXXX", target->real);
	if ((fd = mkostemp(new, O_CLOEXEC)) == -1)
		return -1;
	if (dress(target, fd) == 0 && fd_write_all(fd, text, size) == 0)
		result = 0;
	/* Some file systems tell only now that they are full, close(2). */
	if (close(fd) == -1)
		result = -1;
	if (result == 0 && rename(new, target->real) == 0)
		return 0;
	saved = errno;
	unlink(new);
	errno = saved;
	return -1;
}

int
output_refuse_terminal(void)
{
	return tell(STATUS_USAGE,
	    "the report is a page for a browser: name a file with -o FILE "
	    "(`-o -` prints it here)");
}

int
output_write(const char *path, const char *what, const char *text, size_t size)
{
	struct target target = { .path = path };
	int result, status = STATUS_OK;

	if (path == NULL || strcmp(path, "-") == 0) {
		/* Whether that was written is seen at the command's end. */
		fwrite(text, 1, size, stdout);
		return STATUS_OK;
	}
	target.fd = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
	if (target.fd == -1 && errno != ENOENT)
		return tell_failure(&target, what);
	if (target.fd != -1 && fstat(target.fd, &target.st) == -1) {
		fd_close(&target.fd);
		return tell_failure(&target, what);
	}
	if (target.fd == -1) {
		strlcpy(target.real, path, sizeof(target.real));
		result = replace(&target, text, size);
	} else if (is_replaceable(&target)) {
		result = replace(&target, text, size);
	} else {
		result = fd_write_all(target.fd, text, size);
	}
	if (result == -1)
		status = tell_failure(&target, what);
	fd_close(&target.fd);
	return status;
}
