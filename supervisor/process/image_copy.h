/* SPDX-License-Identifier: ISC */
/*
 * Reading a program file once: its SHA-256 and, by the way, a private copy
 * named after it.  Blocks as long as the file is long.
 */
#ifndef PROCESS_IMAGE_COPY_H
#define PROCESS_IMAGE_COPY_H

#include <sys/types.h>

#define IMAGE_SHA256_SIZE 65 /* in hexadecimal, with the NUL */

struct image_copy {
	char sha256[IMAGE_SHA256_SIZE];
	char *path; /* of the copy; NULL: there is none */
	int error;  /* why there is none, as errno; 0: none was wanted */
};

/*
 * Hash size bytes of fd from its present offset, and leave a copy in store,
 * a directory that is made if need be; NULL: no copy.  The copy may be read and
 * executed by whoever may fd's file, process/image_rights.h.  That the copy
 * cannot be made is no failure.  Release it with image_copy_fini.  -1 with
 * errno if fd cannot be read, ESTALE if it is longer or shorter.
 */
int image_copy_init(struct image_copy *, int fd, off_t size, const char *store);
void image_copy_fini(struct image_copy *);

/*
 * While it is being written a copy has another name.  The process that
 * writes it, if name is such a one; else 0.
 */
pid_t image_copy_writer(const char *name);

/* Remove what a writer has left in store. */
void image_copy_clean(const char *store, pid_t writer);

#endif
