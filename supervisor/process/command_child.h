/* SPDX-License-Identifier: ISC */
/*
 * The child that becomes a helper command.  For command.c.
 */
#ifndef PROCESS_COMMAND_CHILD_H
#define PROCESS_COMMAND_CHILD_H

#include <sys/types.h>

#include "process/command_spec.h"

/*
 * Start the child.  output, and report for the step that failed, are borrowed.
 * -1 with errno.
 */
pid_t command_launch(const struct command_spec *, int output, int report);

/* Read what report has: nothing, if execve(2) has succeeded. */
void command_failure(int report, struct command_result *);

#endif
