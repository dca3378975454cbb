/* SPDX-License-Identifier: ISC */
/*
 * The service manager above us, sd_notify(3): what it has told us by our
 * environment.
 */
#ifndef KEEP_UPWARD_H
#define KEEP_UPWARD_H

#include <stdint.h>
#include <sys/types.h>

/*
 * A socket whose other end is NOTIFY_SOCKET, *new*: to write to it waits no
 * longer than a second.  -1: there is none.
 */
int upward_open(void);

/*
 * How many descriptors systemd keeps for this very process,
 * FileDescriptorStoreMax=; 0: none.
 */
unsigned int upward_store_max(void);

/*
 * WATCHDOG_USEC, sd_watchdog_enabled(3), if it is meant for pid; 0: it wants
 * nothing.
 */
int64_t upward_watchdog_usec(pid_t pid);

#endif
