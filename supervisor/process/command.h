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
 * Start argv with this environment (NULL: ours) in directory (NULL: ours),
 * in a process group of its own, stdin /dev/null, stdout and stderr read by
 * us (the last line is kept; with log_as, each line is logged behind it).
 * Past timeout_ms the group is killed.  *New*, released by itself once done
 * has been called, which is never from within.  NULL with errno.
 */
struct command *command_start(struct event_base *, char *const *argv,
    char *const *env, const char *directory, unsigned int timeout_ms,
    const char *log_as, command_done *, void *arg);

/* Kill it, without calling done. */
void command_cancel(struct command *);

#endif
