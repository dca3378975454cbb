/* SPDX-License-Identifier: ISC */
/*
 * The prober: one hotswap-probe for all checks, which makes each of them in a
 * child, probe/serve.h.  It is started for the first check, and ended when
 * there has been none for a while.
 */
#ifndef PROCESS_PROBER_H
#define PROCESS_PROBER_H

#include <event2/event.h>

#include "process/command.h"

struct prober_check;

/*
 * Have a check made: argv as hotswap-probe's, in the directory, as the account,
 * within the time of the spec, whose other members are ignored.
 *
 * *New*, released by itself once done has been called, which is never before
 * this returns.  NULL with errno: EMSGSIZE if argv is too long.
 */
struct prober_check *prober_ask(struct event_base *,
    const struct command_spec *, command_done *, void *arg);

/* End the check, without calling done. */
void prober_cancel(struct prober_check *);

/* End the prober.  There must be no check. */
void prober_stop(void);

#endif
