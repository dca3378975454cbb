/* SPDX-License-Identifier: ISC */
/*
 * The arguments behind a command's name.  Two tables say how they are read: the
 * commands' own flags and the options of the service.
 */
#ifndef CLI_ARGUMENTS_H
#define CLI_ARGUMENTS_H

#include "cli/command.h"

/*
 * Read argv, which begins behind the command's name and ends with NULL.
 * Returns STATUS_OK; or another status, after an error has been told.  Release
 * what was read with arguments_fini in either case.
 */
int arguments_parse(
    struct arguments *, const struct cli_command *, char **argv);
void arguments_fini(struct arguments *);

#endif
