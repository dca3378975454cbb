/* SPDX-License-Identifier: ISC */
/*
 * What the headers of an ELF file say, elf(5), for both word sizes and both
 * byte orders.
 */
#ifndef PROCESS_ELF_H
#define PROCESS_ELF_H

#include <limits.h>
#include <stdbool.h>

struct elf {
	char machine[32];	    /* `x86_64` */
	bool is_program;	    /* not an object file or a core */
	bool is_truncated;	    /* its headers point beyond its end */
	char interpreter[PATH_MAX]; /* the dynamic loader; "": none */
};

/* Read the headers of fd.  -1 with errno: ENOEXEC if it is no ELF file. */
int elf_read(struct elf *, int fd);

#endif
