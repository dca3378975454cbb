/* SPDX-License-Identifier: ISC */
/*
 * What kind of file a program is, as far as it decides how the shim can see its
 * calls.  Files are read, and nothing is run.
 */
#ifndef PROCESS_PROGRAM_KIND_H
#define PROCESS_PROGRAM_KIND_H

#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

enum program_libc {
	PROGRAM_LIBC_NONE, /* static */
	PROGRAM_LIBC_GLIBC,
	PROGRAM_LIBC_MUSL,
	PROGRAM_LIBC_OTHER,
};

struct program_kind {
	char file[PATH_MAX];   /* the file that the kernel executes */
	int scripts;	       /* how many `#!` lines led to it */
	int bits;	       /* 32 or 64; 0: not ELF */
	bool native;	       /* of this machine and our word size */
	bool go;	       /* it makes system calls without libc */
	bool set_id;	       /* set-user-ID, set-group-ID, capabilities */
	char loader[PATH_MAX]; /* PT_INTERP; "": statically linked */
	enum program_libc libc;
};

/*
 * Look at the file at path.  A script is followed to its interpreter, `env
 * NAME` by PATH.  Returns 0; -1 with errno: ELOOP if scripts lead to more
 * scripts than the kernel follows, ENOEXEC if it is neither ELF nor a script,
 * EACCES if it is no regular file.  Whoever may write the script chooses the
 * file that is read next, which may be in a file system that does not answer:
 * so only a child that may hang should call this.
 */
int program_kind_read(struct program_kind *, const char *path);

/*
 * What decides how the shim sees its calls, *new*; and read again: -1 if the
 * JSON is not valid.  The paths are left out.
 */
json_t *program_kind_save(const struct program_kind *);
int program_kind_restore(struct program_kind *, const json_t *);

/* `64-bit, dynamic (glibc), Go`; cut off if it does not fit. */
void program_kind_describe(const struct program_kind *, char *buf, size_t size);

#endif
