/* SPDX-License-Identifier: ISC */
/*
 * What a child does to start an image in another way than in its place.  By
 * system calls only.
 */
#ifndef PROCESS_IMAGE_MOUNT_H
#define PROCESS_IMAGE_MOUNT_H

#include <stddef.h>

struct image_mount;
struct image_beside;

/*
 * Enter a mount namespace of its own, in which each mount is over its path and
 * which gets what is mounted elsewhere later.  The mounts are read-only, and
 * have the flags of what they cover; their paths are followed through no link.
 * Takes CAP_SYS_ADMIN.  -1 with errno.
 */
int image_mount(const struct image_mount *, size_t n);

/*
 * Write copies beside the paths of an image's files.  To be called with the
 * program's rights.  -1 with errno.
 */
int image_put_beside(const struct image_beside *, size_t n);

/*
 * The file in a sealed memfd with the file's group and permissions, *new*; -1
 * with errno.  Blocks as long as copying takes.
 */
int image_load(const char *path);

#endif
