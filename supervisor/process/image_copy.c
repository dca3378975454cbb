/* SPDX-License-Identifier: ISC */
/*
 * Reading a program file once: hash and private copy in one pass, or with a
 * copy that shares the file's blocks if the file system can do that.
 */
#include "process/image_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <sha2.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "process/image_rights.h"

#define BLOCK 65536

_Static_assert(IMAGE_SHA256_SIZE == SHA256_DIGEST_STRING_LENGTH,
    "room for what SHA256End(3) writes");

/* The file that is being written; fd is -1 if there is none any more. */
struct output {
	char path[PATH_MAX];
	int fd;
	int error;
};

static void
output_give_up(struct output *out)
{
	out->error = errno;
	if (out->fd != -1)
		unlink(out->path);
	fd_close(&out->fd);
	errno = out->error;
}

/* Mode 0711, since programs that run as other users must get through. */
static int
make_store(const char *store)
{
	if (mkdir(store, 0711) == -1)
		return errno == EEXIST ? 0 : -1;
	return chmod(store, 0711); /* whatever our umask is */
}

static void
output_open(struct output *out, const char *store)
{
	if (make_store(store) == -1) {
		output_give_up(out);
		return;
	}
	snprintf(out->path, sizeof(out->path), "%s/" IMAGE_WRITER "%d", store,
	    (int)getpid());
	unlink(out->path); /* left by a process that had our PID */
	out->fd = open(out->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (out->fd == -1)
		output_give_up(out);
}

/* Hash what is read from fd, and write it to out until that fails. */
static int
read_through(int fd, off_t size, struct output *out, char *sha256)
{
	static uint8_t block[BLOCK];
	SHA2_CTX hash;
	off_t total = 0;
	ssize_t n;

	SHA256Init(&hash);
	while ((n = read(fd, block, sizeof(block))) != 0) {
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		SHA256Update(&hash, block, n);
		total += n;
		if (out->fd != -1 && fd_write_all(out->fd, block, n) == -1)
			output_give_up(out);
	}
	SHA256End(&hash, sha256);
	if (total != size) {
		errno = ESTALE;
		return -1;
	}
	return 0;
}

/* Whether there is a complete copy already. */
static bool
is_copy(const char *path, off_t size, const char *sha256)
{
	char found[IMAGE_SHA256_SIZE];
	struct stat st;

	return lstat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_size == size && SHA256File(path, found) != NULL &&
	    strcmp(found, sha256) == 0;
}

/*
 * An existing copy stays, as programs may be running it; but the permissions of
 * the file may have changed.
 */
static int
renew_rights(int original, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int r = fd != -1 ? image_rights_copy(original, fd) : -1;

	fd_close(&fd);
	return r;
}

static void
output_settle(struct output *out, int original, const char *path, off_t size,
    struct image_copy *copy)
{
	int r = -1;

	if (is_copy(path, size, copy->sha256)) {
		if (out->fd != -1)
			output_give_up(out);
		if ((r = renew_rights(original, path)) == -1)
			out->error = errno;
	} else if (out->fd != -1) {
		if ((r = image_rights_copy(original, out->fd)) == 0)
			r = rename(out->path, path);
		if (r == -1)
			output_give_up(out);
	}
	fd_close(&out->fd);
	if (r == -1) {
		copy->error = out->error;
		return;
	}
	if ((copy->path = strdup(path)) == NULL)
		copy->error = ENOMEM;
}

int
image_copy_init(struct image_copy *copy, int fd, off_t size, const char *store,
    const char *suffix)
{
	struct output out = { .fd = -1 };
	struct output nowhere = { .fd = -1 };
	char path[PATH_MAX];
	int r;

	memset(copy, 0, sizeof(*copy));
	if (store != NULL)
		output_open(&out, store);
	/* The copy shares the blocks at this moment: hash the copy. */
	if (out.fd != -1 && ioctl(out.fd, FICLONE, fd) == 0)
		r = read_through(out.fd, size, &nowhere, copy->sha256);
	else
		r = read_through(fd, size, &out, copy->sha256);
	if (r == -1) {
		if (out.fd != -1)
			output_give_up(&out);
		return -1;
	}
	if (store != NULL) {
		snprintf(
		    path, sizeof(path), "%s/%s%s", store, copy->sha256, suffix);
		output_settle(&out, fd, path, size, copy);
	}
	return 0;
}

void
image_copy_fini(struct image_copy *copy)
{
	free(copy->path);
	copy->path = NULL;
}

pid_t
image_copy_writer(const char *name)
{
	const size_t len = strlen(IMAGE_WRITER);

	if (strncmp(name, IMAGE_WRITER, len) != 0)
		return 0;
	return (pid_t)strtonum(name + len, 1, INT_MAX, NULL);
}

void
image_copy_clean(const char *store, pid_t writer)
{
	char path[PATH_MAX];

	snprintf(
	    path, sizeof(path), "%s/" IMAGE_WRITER "%d", store, (int)writer);
	unlink(path);
}
