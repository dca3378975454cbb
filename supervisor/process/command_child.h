/* SPDX-License-Identifier: ISC */
/*
 * The child that becomes a helper command.  For command.c.
 */
#ifndef PROCESS_COMMAND_CHILD_H
#define PROCESS_COMMAND_CHILD_H

#include <sys/types.h>

#include "process/command_spec.h"

/*
 * Start it, with its output and the report on what kept it from running, both
 * borrowed.  -1 with errno.
 */
pid_t command_launch(const struct command_spec *, int output, int report);

/* What has come through the report: nothing if execve(2) has succeeded. */
void command_failure(int report, struct command_result *);

#endif
