/* SPDX-License-Identifier: ISC */
/*
 * What stands behind a command's name: read by two tables, the commands' own
 * flags and the options of the service.
 */
#ifndef CLI_ARGUMENTS_H
#define CLI_ARGUMENTS_H

#include "cli/command.h"

/*
 * Read argv, which begins behind the command's name and ends with NULL.
 * Returns STATUS_OK, or the status for what it has told.  Release what was
 * read with arguments_fini in either case.
 */
int arguments_parse(
    struct arguments *, const struct cli_command *, char **argv);
void arguments_fini(struct arguments *);

#endif
