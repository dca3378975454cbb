/* SPDX-License-Identifier: ISC */
/*
 * The service manager that has started hotswap, sd_notify(3), as the
 * environment describes it.
 */
#ifndef KEEP_UPWARD_H
#define KEEP_UPWARD_H

#include <stdint.h>
#include <sys/types.h>

/*
 * A socket that is connected to NOTIFY_SOCKET, *new*; a write to it waits at
 * most one second.  -1: there is none.
 */
int upward_open(void);

/*
 * How many descriptors systemd holds for this very process,
 * FileDescriptorStoreMax=; 0: none.
 */
unsigned int upward_store_max(void);

/*
 * WATCHDOG_USEC, sd_watchdog_enabled(3), if it is meant for pid; 0: the manager
 * expects no sign of life.
 */
int64_t upward_watchdog_usec(pid_t pid);

#endif
