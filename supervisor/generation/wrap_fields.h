/* SPDX-License-Identifier: ISC */
/*
 * What a wrap consists of.  For wrap.c and wrap_state.c alone.
 */
#ifndef GENERATION_WRAP_FIELDS_H
#define GENERATION_WRAP_FIELDS_H

#include <limits.h>
#include <stdbool.h>
#include <sys/queue.h>

#include "process/shim.h"

struct bindings;
struct filter;
struct generation;
struct intercept;

/* A descriptor through which calls arrive. */
struct tap {
	LIST_ENTRY(tap) entry;
	struct wrap *wrap;
	struct intercept *intercept;
	unsigned int serial; /* its number in the generation */
};

struct wrap {
	struct generation *generation;
	struct shim_choice choice;
	struct bindings *bindings;
	LIST_HEAD(, tap) taps;
	unsigned int serial; /* of the next tap */
	bool warned;	     /* of missed calls */
	bool deaf;	     /* seccomp: nobody can get the calls */
	char path[PATH_MAX]; /* preload: of the socket */

	/* seccomp: set from wrap_prepare to wrap_started */
	struct filter *filter;
	int socks[2]; /* our end, the child's */
};

#define WRAP_NAME 32

/* The names under which a tap's descriptors are held. */
const char *wrap_tap_name(const struct wrap *, char buf[static WRAP_NAME]);
const char *wrap_call_log_name(const struct wrap *, char buf[static WRAP_NAME]);

/*
 * Serve a notification descriptor with its call log.  Both are *stolen*, and
 * may be -1 with errno.  -1 with errno.
 */
int wrap_serve_seccomp(struct wrap *, int fd, int call_log);

/* The trouble of a wrap whose calls nobody can get, for people. */
extern const char wrap_deafness[];

#endif
