/* SPDX-License-Identifier: ISC */
/*
 * The service: owns the generations, the listeners and the rollout, and ties
 * the floor below together.
 */
#ifndef SERVICE_SERVICE_H
#define SERVICE_SERVICE_H

#include "service/options.h"

/*
 * Supervise in the foreground until the service ends; program is the
 * NULL-terminated command.  If report_fd is not -1, one line is written to
 * it and it is closed: `ready` when the first generation serves, else
 * `failed REASON` before the return.  Returns an exit status of hotswap(1).
 */
int service_run(const struct options *, char *const *program, int report_fd);

#endif
