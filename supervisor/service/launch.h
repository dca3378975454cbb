/* SPDX-License-Identifier: ISC */
/*
 * From a command line to a running service: gives what the first supervisor
 * must know to a keeper, which this process becomes; or supervises itself if
 * systemd holds descriptors for it.
 */
#ifndef SERVICE_LAUNCH_H
#define SERVICE_LAUNCH_H

#include "config/options.h"

/*
 * Supervise in the foreground until the service ends; program is the
 * NULL-terminated command.  If report_fd, which is *stolen*, is not -1, one
 * line is written to it and it is closed: `ready TEXT` when the first
 * generation serves, else `failed REASON` before the return.  Returns an exit
 * status of hotswap(1).
 */
int launch(const struct options *, char *const *program, int report_fd);

#endif
