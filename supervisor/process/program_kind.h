/* SPDX-License-Identifier: ISC */
/*
 * What kind of file a program is, as far as it decides how the shim can see
 * its calls.  Reads files, runs nothing.
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
	char file[PATH_MAX];   /* the executable that the kernel loads */
	int scripts;	       /* how many `#!` lines led there */
	int bits;	       /* 32 or 64; 0: not ELF */
	bool native;	       /* of this machine and our word size */
	bool go;	       /* makes its system calls itself, not by libc */
	bool set_id;	       /* set-user-ID, set-group-ID, capabilities */
	char loader[PATH_MAX]; /* PT_INTERP; "": statically linked */
	enum program_libc libc;
};

/*
 * Look at the file at path.  A script is followed to what runs it, `env NAME`
 * by PATH.  Returns 0; -1 with errno: ELOOP past the kernel's number of
 * scripts, ENOEXEC if it is neither ELF nor a script, EACCES if it is no
 * regular file.  Whoever may write the script chooses what file is looked at
 * next: a file system that does not answer is waited for, so that only a
 * child that may hang should ask.
 */
int program_kind_read(struct program_kind *, const char *path);

/*
 * What decides how the shim sees its calls, *new*; and read back: -1 if it
 * is not that.  The paths are left out.
 */
json_t *program_kind_save(const struct program_kind *);
int program_kind_restore(struct program_kind *, const json_t *);

/* `64-bit, dynamic (glibc), Go`; never more than fits. */
void program_kind_describe(const struct program_kind *, char *buf, size_t size);

#endif
