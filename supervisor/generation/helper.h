/* SPDX-License-Identifier: ISC */
/*
 * Shell commands that run beside a generation: --check, --ready exec:, --health
 * exec:, hooks.  They have the rights of the program's user, and so has the
 * prober; a + before the command asks for our own rights.
 */
#ifndef GENERATION_HELPER_H
#define GENERATION_HELPER_H

#include <sys/types.h>

#include "process/command.h"

#define HELPER_WHY 256 /* room for any reason */

struct service;

/* What to run, and for which generation.  All is borrowed for the call. */
struct helper {
	const char *command; /* text of the option; NULL: not from an option */
	unsigned int generation;
	pid_t pid;		  /* of the main process; 0: none */
	const char *const *extra; /* variables, NULL-terminated; NULL: none */
	unsigned int timeout_ms;
	const char *log_as; /* as for command_start */
};

/*
 * As command_start, but returns -1 instead of NULL.  *command is *new*; or why
 * says why no command was started.
 */
int helper_start(struct service *, const struct helper *, command_done *,
    void *arg, struct command **command, char *why, size_t size);

/*
 * Set all of the spec except argv, which is NULL: rights, directory,
 * environment.  Release it with helper_release.  -1 with why.
 */
int helper_prepare(struct service *, const struct helper *,
    struct command_spec *, char *why, size_t size);
void helper_release(struct command_spec *);

/*
 * The program's user was looked up for commands.  Look it up again for the next
 * command, since its groups may have changed.
 */
void helper_forget_user(struct service *);

#endif
