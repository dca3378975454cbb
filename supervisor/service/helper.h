/* SPDX-License-Identifier: ISC */
/*
 * Shell commands that run beside a generation: --check, --ready exec:, hooks.
 */
#ifndef SERVICE_HELPER_H
#define SERVICE_HELPER_H

#include <sys/types.h>

#include "process/command.h"

struct service;

/* What to run, for which generation.  All borrowed for the call. */
struct helper {
	const char *command; /* for the shell, with its placeholders */
	unsigned int generation;
	pid_t pid;		  /* its main process, 0: none */
	const char *const *extra; /* variables, NULL-terminated; NULL: none */
	unsigned int timeout_ms;
	const char *log_as; /* as for command_start */
};

/* As command_start. */
struct command *helper_start(
    struct service *, const struct helper *, command_done *, void *arg);

#endif
