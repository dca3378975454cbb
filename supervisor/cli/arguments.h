/* SPDX-License-Identifier: ISC */
/*
 * What stands behind a command's name: read by two tables, the commands' own
 * flags and the options of the service.
 */
#ifndef CLI_ARGUMENTS_H
#define CLI_ARGUMENTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "cli/command.h"
#include "config/options.h"

/* Strings are those of argv unless it says otherwise. */
struct arguments {
	const struct cli_command *command;
	const char *name; /* NULL: the only service */
	bool help;
	bool json;
	bool no_wait;
	bool follow;
	bool watch;
	bool now;
	int64_t timeout_ms; /* -1: none */
	json_int_t to;	    /* 0: not given */
	const char *exe;
	const char *state; /* --for */
	const char *operand;
	struct options *options; /* owned; SCOPE_ALL, SCOPE_LOOK */
	json_t *settings;	 /* owned; SCOPE_UPGRADE: those given */
	char *const *program;	 /* NULL-terminated; NULL: none given */
	char **config_program;	 /* owned; program may be this one */
};

/*
 * Read argv, which begins behind the command's name and ends with NULL.
 * Returns STATUS_OK, or the status for what it has told.  Release what was
 * read with arguments_fini in either case.
 */
int arguments_parse(
    struct arguments *, const struct cli_command *, char **argv);
void arguments_fini(struct arguments *);

#endif
