/* SPDX-License-Identifier: ISC */
/*
 * What a helper command is, and what came of it.
 */
#ifndef PROCESS_COMMAND_SPEC_H
#define PROCESS_COMMAND_SPEC_H

#include <stdbool.h>

struct account;

/* What to run, and with whose rights.  All borrowed for the call. */
struct command_spec {
	const char *const *argv;       /* looked up in PATH */
	char *const *env;	       /* NULL: ours */
	int directory_fd;	       /* it begins in this one; -1: in ours */
	const char *directory;	       /* then goes there; NULL: stays */
	const struct account *account; /* NULL: we */
	int umask;		       /* -1: ours */
	bool no_new_privs;
	const char *trusted; /* a program that nobody but root and we may be */
			     /* able to change (base/trust.h); NULL: none */
	unsigned int timeout_ms;
	const char *log_as; /* NULL: its output is not logged */
};

struct command_result {
	int status;	       /* as wait(2) gives it */
	bool timed_out;	       /* it was ended with its process group */
	const char *failed;    /* the step that kept it from running; NULL */
	int error;	       /* errno of that step */
	const char *last_line; /* of its output, borrowed, "" if none */
};

#endif
