/* SPDX-License-Identifier: ISC */
/*
 * Reading a program file once: computing its SHA-256 and writing a private copy
 * that is named after the hash.  This blocks as long as reading takes.
 */
#ifndef PROCESS_IMAGE_COPY_H
#define PROCESS_IMAGE_COPY_H

#include <stdbool.h>
#include <sys/types.h>

#define IMAGE_SHA256_SIZE 65 /* in hexadecimal, with the NUL */

struct image_copy {
	char sha256[IMAGE_SHA256_SIZE];
	char *path;   /* of the copy; NULL: there is no copy */
	bool settled; /* image_file_is_settled, before the file was read */
	int error;    /* why, as errno; 0: no copy was wanted */
};

/*
 * Hash size bytes of fd from its present offset, and put a copy into the
 * directory store, which is created if it is missing; NULL: no copy.  The copy
 * is named after the hash and the suffix, by which some interpreters know what
 * a script is; "": none.  Whoever
 * may read and execute fd's file may read and execute the copy,
 * process/image_rights.h.  A copy that cannot be made is no failure.  Release
 * it with image_copy_fini.  -1 with errno if fd cannot be read, ESTALE if it is
 * longer or shorter than size.
 */
int image_copy_init(struct image_copy *, int fd, off_t size, const char *store,
    const char *suffix);
void image_copy_fini(struct image_copy *);

/*
 * A copy, also one of a folder, has another name while it is being written:
 * this and the writer's PID.
 */
#define IMAGE_WRITER "writing."

/* The PID of the writer if name is such a name; else 0. */
pid_t image_copy_writer(const char *name);

/* Remove the unfinished copy of a writer from store. */
void image_copy_clean(const char *store, pid_t writer);

#endif
