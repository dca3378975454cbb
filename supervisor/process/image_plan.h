/* SPDX-License-Identifier: ISC */
/*
 * The ways to start an image.  If its files are unchanged, they are started in
 * their place.  Otherwise the very bytes that were hashed are started in
 * another way, and the ways are tried in their order: the earlier ones let the
 * program find what it looks for beside itself.
 */
#ifndef PROCESS_IMAGE_PLAN_H
#define PROCESS_IMAGE_PLAN_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "process/image.h"

enum image_way {
	IMAGE_IN_PLACE,
	IMAGE_MOVED,	  /* at the path to which it was moved */
	IMAGE_MOUNTED,	  /* mounted at its path, for this program alone */
	IMAGE_DESCRIPTOR, /* by our descriptor of it */
	IMAGE_BESIDE,	  /* from a file beside its path, made for this */
	IMAGE_COPIED,	  /* from its private copy */
	IMAGE_IN_MEMORY,  /* from its private copy, in a sealed memfd */
	IMAGE_WAYS
};

/*
 * A file or directory to mount over a path: the one that fd leads to, or that
 * copy.
 */
#define IMAGE_MOUNTS 3
struct image_mount {
	int fd; /* borrowed; -1: none */
	const char *copy;
	const char *over;
};

/* A copy to be made with the program's rights. */
struct image_beside {
	const char *copy;
	const char *path;
};

/* A way, with what it needs; borrows from the image and from itself. */
struct image_plan {
	enum image_way way;
	char program[PATH_MAX];	  /* to execute; in memory: the copy */
	int program_fd;		  /* to execute instead; -1: none */
	unsigned int argument;	  /* which of argv is replaced; 0: none */
	char invoked[PATH_MAX];	  /* in place of argv[0]; "": argv[0] */
	char script[PATH_MAX];	  /* by this */
	char directory[PATH_MAX]; /* to begin in; "": the image's descriptor */
	char folder[PATH_MAX];	  /* what was in the image's folder; "" */
	struct image_mount mounts[IMAGE_MOUNTS];
	size_t nmounts;
	struct image_beside beside[2];
	size_t nbeside;
};

/*
 * Plan the first way from `from` on that seems to be open; whether it is, only
 * the attempt tells.  -1 with errno ESTALE if there is none.
 */
int image_plan_next(
    const struct image *, enum image_way from, struct image_plan *);

/*
 * The path of a file's copy beside it: `/x/.hotswap-0123456789ab-app.js`, since
 * some interpreters look at the suffix.  -1 if it is too long.
 */
int image_plan_beside(const struct image_file *, char buf[static PATH_MAX]);

/* `from its private copy /x/y`, to be read after `started`; "": in place. */
void image_plan_describe(
    const struct image_plan *, const struct image *, char *buf, size_t size);

#endif
