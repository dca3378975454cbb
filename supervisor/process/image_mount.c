/* SPDX-License-Identifier: ISC */
/*
 * Private mounts of an image's files, and its program in memory.
 */
#include "process/image_mount.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdint.h>
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

/* Linux before 5.12 has no mount_setattr(2): the flags stay as they are. */
static int
set_flags(int tree, int place)
{
	static const struct {
		unsigned long of_place;
		uint64_t attribute;
	} flags[] = {
		{ ST_NOSUID, MOUNT_ATTR_NOSUID },
		{ ST_NODEV, MOUNT_ATTR_NODEV },
		{ ST_NOEXEC, MOUNT_ATTR_NOEXEC },
	};
	struct mount_attr change = { .attr_set = MOUNT_ATTR_RDONLY };
	struct statvfs fs;
	size_t i;

	if (fstatvfs(place, &fs) == -1)
		return -1;
	for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (fs.f_flag & flags[i].of_place)
			change.attr_set |= flags[i].attribute;
		else
			change.attr_clr |= flags[i].attribute;
	}
	if (syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &change,
		sizeof(change)) == -1 &&
	    errno != ENOSYS)
		return -1;
	return 0;
}

static int
attach(int tree, const char *over)
{
	const struct open_how how = { .flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_NO_SYMLINKS };
	int place, r = -1;

	place = (int)syscall(SYS_openat2, AT_FDCWD, over, &how, sizeof(how));
	if (place != -1 && set_flags(tree, place) == 0)
		r = (int)syscall(SYS_move_mount, tree, "", place, "",
		    MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
	fd_close(&place);
	return r;
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
	    (unshare(CLONE_NEWNS) == -1 ||
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

int
image_load(const char *path)
{
	const int seals =
	    F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	int from, to = -1, r = -1;
	struct stat st;
	ssize_t n = 1;

	if ((from = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)) == -1)
		return -1;
	if (fstat(from, &st) == 0 && (to = make_memory()) != -1) {
		while (n > 0)
			n = sendfile(to, from, NULL, 1 << 20);
		if (n == 0 && fchown(to, st.st_uid, st.st_gid) == 0 &&
		    fchmod(to, st.st_mode & 0777) == 0)
			r = fcntl(to, F_ADD_SEALS, seals);
	}
	fd_close(&from);
	if (r == -1)
		fd_close(&to);
	return to;
}
