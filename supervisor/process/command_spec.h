/* SPDX-License-Identifier: ISC */
/*
 * What a helper command is, and how it ended.
 */
#ifndef PROCESS_COMMAND_SPEC_H
#define PROCESS_COMMAND_SPEC_H

#include <stdbool.h>

struct account;

/* What to run, and with whose rights.  All borrowed for the call. */
struct command_spec {
	const char *const *argv;       /* looked up in PATH */
	char *const *env;	       /* NULL: our environment */
	int directory_fd;	       /* where it begins; -1: our directory */
	const char *directory;	       /* which it enters then; NULL: none */
	const struct account *account; /* NULL: our user */
	int umask;		       /* -1: our umask */
	bool no_new_privs;
	bool keep_capabilities; /* account_keep_capabilities */
	int input;		/* its stdin; 0: /dev/null */
	const char *trusted; /* a program that only root and we may be able */
			     /* to change (base/trust.h); NULL: none */
	unsigned int timeout_ms; /* 0: it runs until it is cancelled */
	const char *log_as;	 /* NULL: its output is not logged */
};

struct command_result {
	int status;	       /* as wait(2) returns it */
	bool timed_out;	       /* it was killed with its process group */
	const char *failed;    /* the step that failed; NULL: it has run */
	int error;	       /* errno of that step */
	const char *last_line; /* of its output, borrowed, "" if none */
};

#endif
