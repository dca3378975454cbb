/* SPDX-License-Identifier: ISC */
/*
 * A helper command: runs beside the service, for a bounded time, without
 * holding up the loop; its last line of output is kept as the reason.
 */
#ifndef PROCESS_COMMAND_H
#define PROCESS_COMMAND_H

#include <event2/event.h>
#include <stdbool.h>

struct command;

struct command_result {
	int status;	       /* as wait(2) gives it */
	bool timed_out;	       /* it was ended with its process group */
	const char *last_line; /* of its output, borrowed, "" if none */
};

typedef void command_done(const struct command_result *, void *arg);

/*
 * Start argv (looked up in PATH) with this environment (NULL: ours), to
 * which HOTSWAP_ROLE=helper is added, in directory (NULL: ours), in a process
 * group of its own, with all signals at their defaults, stdin /dev/null,
 * stdout and stderr read by us, and no other descriptor.  The last line that
 * is not blank is kept (process/lines.h); with log_as, each line is logged
 * behind it.  Past timeout_ms the group is killed.  The command ends with its
 * process: what descendants write later is lost.  Needs reaper_init; argv,
 * env, directory and log_as are copied.
 *
 * *New*, released by itself once done has been called, which is never from
 * within.  NULL with errno, that of execve(2) and chdir(2) included.
 */
struct command *command_start(struct event_base *, const char *const *argv,
    char *const *env, const char *directory, unsigned int timeout_ms,
    const char *log_as, command_done *, void *arg);

/* Kill it with its process group, without calling done. */
void command_cancel(struct command *);

#endif
