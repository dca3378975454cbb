/* SPDX-License-Identifier: ISC */
/*
 * Private mounts of an image's files, and its program in memory.
 */
#include "process/image_mount.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "process/image_plan.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x10U
#endif

/* A mount that is nowhere yet, of a file of our own namespace; -1. */
static int
detach(const struct image_mount *mount)
{
	unsigned int flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;

	if (mount->fd != -1)
		return (int)syscall(
		    SYS_open_tree, mount->fd, "", flags | AT_EMPTY_PATH);
	return (int)syscall(
	    SYS_open_tree, AT_FDCWD, mount->copy, flags | AT_SYMLINK_NOFOLLOW);
}

/* Followed through no link: the directories may be the program's user's. */
static int
open_place(const char *path)
{
	const struct open_how how = { .flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_NO_SYMLINKS };

	return (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
}

/* Read-only, and as what the mount is over. */
static int
set_flags(int mounted, const struct statvfs *covered)
{
	static const struct {
		unsigned long of_covered;
		unsigned long flag;
	} flags[] = {
		{ ST_NOSUID, MS_NOSUID },
		{ ST_NODEV, MS_NODEV },
		{ ST_NOEXEC, MS_NOEXEC },
	};
	unsigned long set = MS_REMOUNT | MS_BIND | MS_RDONLY;
	char path[32];
	size_t i;

	for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (covered->f_flag & flags[i].of_covered)
			set |= flags[i].flag;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", mounted);
	return mount(NULL, path, NULL, set, NULL);
}

static int
attach(int tree, const char *over)
{
	int place = open_place(over), mounted = -1, r = -1;
	struct statvfs covered;

	if (place == -1 || fstatvfs(place, &covered) == -1 ||
	    syscall(SYS_move_mount, tree, "", place, "",
		MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) == -1)
		goto out;
	if ((mounted = open_place(over)) != -1)
		r = set_flags(mounted, &covered);
out:
	fd_close(&place);
	fd_close(&mounted);
	return r;
}

/* ENOSPC says that none is allowed, namespaces(7): that does not pass. */
static int
leave_namespace(void)
{
	if (unshare(CLONE_NEWNS) == 0)
		return 0;
	if (errno == ENOSPC)
		errno = EPERM;
	return -1;
}

int
image_mount(const struct image_mount *mounts, size_t n)
{
	int trees[IMAGE_MOUNTS] = { -1, -1, -1 };
	size_t i;
	int r = 0;

	/* A descriptor leads to a mount of the old namespace. */
	for (i = 0; i < n && r == 0; i++)
		if ((trees[i] = detach(&mounts[i])) == -1)
			r = -1;
	if (r == 0 && n > 0 &&
	    (leave_namespace() == -1 ||
		mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) == -1))
		r = -1;
	for (i = 0; i < n && r == 0; i++)
		r = attach(trees[i], mounts[i].over);
	for (i = 0; i < n; i++)
		fd_close(&trees[i]);
	return r;
}

/* Linux before 6.3 does not know MFD_EXEC, and allows execution always. */
static int
make_memory(void)
{
	unsigned int flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int fd = memfd_create("hotswap-image", flags | MFD_EXEC);

	return fd == -1 && errno == EINVAL
	    ? memfd_create("hotswap-image", flags)
	    : fd;
}

static int
copy_bytes(int from, int to)
{
	ssize_t n;

	do
		n = sendfile(to, from, NULL, 1 << 20);
	while (n > 0);
	return (int)n;
}

/*
 * A copy from an earlier start is taken as it is if nobody else could have
 * written it: its name is its hash.  Nothing is unlinked, since the shim's
 * filter is on this process already.
 */
static int
open_beside(const char *path, off_t size)
{
	int fd = open(
	    path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0700);
	struct stat st;

	if (fd != -1 || errno != EEXIST)
		return fd;
	if (lstat(path, &st) == -1)
		return -1;
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		errno = EEXIST;
		return -1;
	}
	return open(path,
	    (st.st_size == size ? O_PATH : O_WRONLY | O_TRUNC) | O_CLOEXEC |
		O_NOFOLLOW);
}

static int
put_one(const struct image_beside *beside)
{
	int from = open(beside->copy, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int to = -1, r = -1;
	struct stat st;

	if (from != -1 && fstat(from, &st) == 0)
		to = open_beside(beside->path, st.st_size);
	if (to != -1)
		r = (fcntl(to, F_GETFL) & O_PATH) != 0 ? 0
						       : copy_bytes(from, to);
	fd_close(&from);
	fd_close(&to);
	return r;
}

int
image_put_beside(const struct image_beside *beside, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (put_one(&beside[i]) == -1)
			return -1;
	return 0;
}

int
image_load(const char *path)
{
	const int seals =
	    F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	int from, to = -1, r = -1;
	struct stat st;

	if ((from = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)) == -1)
		return -1;
	if (fstat(from, &st) == 0 && (to = make_memory()) != -1 &&
	    copy_bytes(from, to) == 0 &&
	    fchown(to, st.st_uid, st.st_gid) == 0 &&
	    fchmod(to, st.st_mode & 0777) == 0)
		r = fcntl(to, F_ADD_SEALS, seals);
	fd_close(&from);
	if (r == -1)
		fd_close(&to);
	return to;
}
