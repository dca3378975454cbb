/* SPDX-License-Identifier: ISC */
/*
 * A helper command: runs beside the service, for a bounded time, without
 * holding up the loop; its last line of output is kept as the reason.
 */
#ifndef PROCESS_COMMAND_H
#define PROCESS_COMMAND_H

#include <event2/event.h>

#include "process/command_spec.h"

struct command;

typedef void command_done(const struct command_result *, void *arg);

/*
 * Start argv with this environment, to which HOTSWAP_ROLE=helper is added, in
 * a session of its own, with all signals at their defaults, stdin /dev/null,
 * stdout and stderr read by us, and no other descriptor.  An account that is
 * not ours is taken on before the directory is entered; a whole path as
 * argv[0] is opened with our rights before that, since it names a part of
 * hotswap or of the system.  The last line that is not blank is kept
 * (process/lines.h); with log_as, each line is logged behind it.  Past
 * timeout_ms the process group is killed.  The command ends with its process:
 * what descendants write later is lost.  Needs reaper_init.
 *
 * *New*, released by itself once done has been called, which is never from
 * within.  NULL with errno if there is no process.  What keeps the process
 * from running the command, execve(2) included, is told to done: a directory
 * that answers late, or never, must not hold up the loop.
 */
struct command *command_start(struct event_base *, const struct command_spec *,
    command_done *, void *arg);

/* Kill it with its process group, without calling done. */
void command_cancel(struct command *);

#define COMMAND_DESCRIBE 256 /* room for any description */

/*
 * `exited with status 1`, `timed out`, `cannot be started: cannot become its
 * user: Operation not permitted`.
 */
void command_describe(
    const struct command_result *, char buf[static COMMAND_DESCRIBE]);

#endif
