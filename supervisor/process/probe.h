/* SPDX-License-Identifier: ISC */
/*
 * One health check of one generation, made by a child: hotswap-probe for
 * addresses, the shell for `exec:`.
 */
#ifndef PROCESS_PROBE_H
#define PROCESS_PROBE_H

#include <event2/event.h>
#include <stdbool.h>

struct command_spec;
struct probe;

/* What is checked, and by whom.  All borrowed for the call. */
struct probe_spec {
	const char *check;  /* what --health takes, nothing left to replace */
	const char *shell;  /* what of it is for the shell; NULL: nothing */
	const char *source; /* 127.83.0.7, [::1]:61552-61567; NULL: any */
	const char *unix_path; /* goes before that in a `unix:`; NULL: none */

	/*
	 * The rights of the child, its environment, and in directory_fd what
	 * unix_path is relative to; argv is not looked at, and timeout_ms, of
	 * the check, must not be 0.
	 */
	const struct command_spec *command;
};

/* why: one line for people, borrowed; what was measured when it passed. */
typedef void probe_done(bool passed, const char *why, void *arg);

/*
 * *New*, released by itself once done has been called, which is never from
 * within.  NULL with errno.
 */
struct probe *probe_start(
    struct event_base *, const struct probe_spec *, probe_done *, void *arg);

/* Kill it, without calling done. */
void probe_cancel(struct probe *);

#endif
