/* SPDX-License-Identifier: ISC */
/*
 * Shell commands that run beside a generation: --check, --ready exec:,
 * --health exec:, hooks.  They have the rights of the program's user, as has
 * the prober; a + in front of the command asks for our own.
 */
#ifndef GENERATION_HELPER_H
#define GENERATION_HELPER_H

#include <sys/types.h>

#include "process/command.h"

#define HELPER_WHY 256 /* room for any reason */

struct service;

/* What to run, for which generation.  All borrowed for the call. */
struct helper {
	const char *command; /* as the option has it; NULL: of no option */
	unsigned int generation;
	pid_t pid;		  /* its main process, 0: none */
	const char *const *extra; /* variables, NULL-terminated; NULL: none */
	unsigned int timeout_ms;
	const char *log_as; /* as for command_start */
};

/*
 * As command_start, but -1 where that is NULL: *command is *new*, or why says
 * why there is none.
 */
int helper_start(struct service *, const struct helper *, command_done *,
    void *arg, struct command **command, char why[static HELPER_WHY]);

/*
 * All of the spec but argv, which is NULL: whose rights it has, where and in
 * which environment it runs.  Release it with helper_release.  -1 with why.
 */
int helper_prepare(struct service *, const struct helper *,
    struct command_spec *, char why[static HELPER_WHY]);
void helper_release(struct command_spec *);

/*
 * The program's user has been looked up for the commands, and is looked up
 * anew for the next one: its groups may be others by now.
 */
void helper_forget_user(struct service *);

#endif
