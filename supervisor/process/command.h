/* SPDX-License-Identifier: ISC */
/*
 * A helper command: it runs beside the service for a bounded time and does not
 * hold up the loop.  The last line of its output is kept as the reason.
 */
#ifndef PROCESS_COMMAND_H
#define PROCESS_COMMAND_H

#include <event2/event.h>

#include "process/command_spec.h"

struct command;

typedef void command_done(const struct command_result *, void *arg);

/*
 * Start argv with this environment and HOTSWAP_ROLE=helper, in a session of its
 * own, with default signals, with /dev/null or the spec's input as stdin, with
 * stdout and stderr read by us, and with no other descriptor.  If an account is
 * given, the child becomes it before it enters the directory; an absolute
 * argv[0] is opened with our rights before that, since it is a part of hotswap
 * or of the system.  The last line that is not blank is kept (process/lines.h);
 * with log_as, each line is logged after that text.  After timeout_ms, unless
 * that is 0, the process group is killed. The command ends with its process;
 * what descendants write later is lost. Needs reaper_init.
 *
 * *New*, released by itself once done has been called, which is never before
 * this returns.  NULL with errno if there is no process.  If the command cannot
 * be run, done gets the reason, even if execve(2) failed: a directory that
 * answers late or never must not hold up the loop.
 */
struct command *command_start(struct event_base *, const struct command_spec *,
    command_done *, void *arg);

/* Kill the command with its process group, without calling done. */
void command_cancel(struct command *);

#define COMMAND_DESCRIBE 256 /* room for any description */

/*
 * `exited with status 1`, `timed out`, `cannot be started: cannot become its
 * user: Operation not permitted`.
 */
void command_describe(
    const struct command_result *, char buf[static COMMAND_DESCRIBE]);

#endif
