/* SPDX-License-Identifier: ISC */
/*
 * One health check of one generation: by the prober for an address, by the
 * shell for `exec:`.
 */
#ifndef PROCESS_PROBE_H
#define PROCESS_PROBE_H

#include <event2/event.h>
#include <stdbool.h>

struct command_spec;
struct probe;

/* What is checked, and with which rights.  All is borrowed for the call. */
struct probe_spec {
	const char *check;     /* a value of --health, without placeholders */
	const char *shell;     /* its command for the shell; NULL: none */
	const char *source;    /* 127.83.0.7, [::1]:61552-61567; NULL: any */
	const char *unix_path; /* put before the path of `unix:`; NULL: none */

	unsigned int warm;     /* requests of a warm-up instead; 0: a check */
	unsigned int parallel; /* its connections */

	/*
	 * The rights of the check and, for the shell, its environment;
	 * unix_path is relative to directory_fd.  argv is ignored.  timeout_ms
	 * is the time for the check and must not be 0.
	 */
	const struct command_spec *command;
};

/* why: one line for people, borrowed; for a pass, what was measured. */
typedef void probe_done(bool passed, const char *why, void *arg);

/*
 * *New*, released by itself once done has been called, which is never before
 * this returns.  NULL with errno.
 */
struct probe *probe_start(
    struct event_base *, const struct probe_spec *, probe_done *, void *arg);

/* End the check, without calling done. */
void probe_cancel(struct probe *);

#endif
