/* SPDX-License-Identifier: ISC */
/*
 * A file of an image: what it was when it was hashed, and where its bytes are
 * now.
 */
#ifndef PROCESS_IMAGE_FILE_H
#define PROCESS_IMAGE_FILE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <time.h>

/* Tells whether a file is still the file that was hashed. */
struct image_identity {
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec mtime;
	struct timespec ctime;
};

/* The strings are borrowed from the image's JSON. */
struct image_file {
	char *path;	 /* absolute, symbolic links resolved; NULL: no file */
	char sha256[65]; /* in hexadecimal */
	char *copy;	 /* private copy's path; NULL if there is none */
	struct image_identity identity;
	bool interpreted; /* it begins with #! */
	bool settled;	  /* image_file_is_settled, when it was hashed */
	int fd; /* O_PATH of the file, leads to it after unlink(2); -1: none */
};

/* Files that have been hashed, and whose inodes are held; NULL: none. */
struct image_known {
	const struct image_file *program;
	const struct image_file *script;
};

/*
 * image_file_is_in_place: is the unchanged file at its path?  Also true if
 * there is no file.
 *
 * image_file_is_unwritten: the same, but others may have linked the file, or
 * changed its owner or mode.
 *
 * image_file_is_held: does fd lead to these bytes?  After a rename over the
 * file it does; after a write to the file it does not.
 *
 * image_file_is_copied: is there a whole copy?
 */
bool image_file_is_in_place(const struct image_file *);
bool image_file_is_unwritten(const struct image_file *);
bool image_file_is_held(const struct image_file *);
bool image_file_is_copied(const struct image_file *);

/*
 * Will the times of the open file, which are in st, tell of any later change?
 *
 * image_file_is_same: is this file, whose times did so, still the one with the
 * bytes that were hashed?  The caller knows that its inode has been held since.
 */
bool image_file_is_settled(int fd, const struct stat *st);
bool image_file_is_same(const struct image_file *, const struct stat *st);

/* Where the held file has been moved to; -1 if it is at no path any more. */
int image_file_find(const struct image_file *, char *buf, size_t size);

/* What identity is read from, as JSON; *new*. */
json_t *image_file_identity(const struct stat *);

/*
 * Read a file that was saved as an object with its path under that key, and
 * hold the file if it is unchanged.  -1 with errno EINVAL.
 */
int image_file_read(
    struct image_file *, const json_t *object, const char *path_key);
void image_file_fini(struct image_file *);

#endif
