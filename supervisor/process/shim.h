/* SPDX-License-Identifier: ISC */
/*
 * Which backend of the shim a program gets, and why.  Pure.
 */
#ifndef PROCESS_SHIM_H
#define PROCESS_SHIM_H

#include <stdbool.h>

#include "process/program_kind.h"

enum shim_backend { SHIM_AUTO, SHIM_SECCOMP, SHIM_PRELOAD, SHIM_OFF };

/* What the machine and the user's rights allow. */
struct shim_facts {
	bool notify;	 /* seccomp user notification exists */
	bool privileged; /* filters work without no_new_privs: CAP_SYS_ADMIN */
	bool inspect;	 /* we may look into our own children, ptrace(2) */
	bool library;	 /* the preload library is installed */
	bool long_path;	 /* unix(7) has no room for that of preload's socket */
};

struct shim_choice {
	enum shim_backend backend; /* never SHIM_AUTO */
	bool no_new_privs;
	const char *why; /* static: one line for people */
};

/*
 * Choose a backend for a program of this kind.  Returns 0; -1 with why if the
 * wanted backend cannot be had.
 */
int shim_choose(struct shim_choice *, enum shim_backend wanted,
    const struct program_kind *, const struct shim_facts *);

#endif
