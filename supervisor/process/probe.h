/* SPDX-License-Identifier: ISC */
/*
 * One health check of one generation, made by a child: hotswap-probe for
 * addresses, the shell for `exec:`.
 */
#ifndef PROCESS_PROBE_H
#define PROCESS_PROBE_H

#include <event2/event.h>
#include <stdbool.h>

struct probe;

/* why: one line for people, borrowed; what was measured when it passed. */
typedef void probe_done(bool passed, const char *why, void *arg);

/*
 * check is what --health takes, placeholders already replaced.  source is
 * the directed address to connect from, as 127.83.0.7 or [::1]:61552-61567,
 * NULL for any; unix_path, if not NULL, is connected to instead of the path
 * in a `unix:` check.  env, NULL for ours, is for exec:, which is told the
 * source there.  timeout_ms must not be 0.  *New*, released by itself once
 * done has been called, which is never from within.  NULL with errno, ENOENT
 * if the prober is not there.
 */
struct probe *probe_start(struct event_base *, const char *check,
    const char *source, const char *unix_path, char *const *env,
    unsigned int timeout_ms, probe_done *, void *arg);

/* Kill it, without calling done. */
void probe_cancel(struct probe *);

#endif
