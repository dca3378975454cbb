/* SPDX-License-Identifier: ISC */
/*
 * Tells whether the running kernel has a fault of which hotswap must warn.
 */
#ifndef BASE_KERNEL_FAULT_H
#define BASE_KERNEL_FAULT_H

#include <stdbool.h>

#define KERNEL_VERSION_TEXT 64

/*
 * CVE-2026-52910: when a classic BPF program of a SO_REUSEPORT group is
 * replaced, the kernel frees the old program while packets may still run it,
 * and can crash.  True if the kernel's version is older than the fix; then
 * fixed is the first release of its series that has the fix, or 7.1.  A
 * distribution may have fixed its kernel without a change of the version: the
 * answer is a reason to warn, not to refuse.
 */
bool kernel_fault_reuseport(char running[static KERNEL_VERSION_TEXT],
    char fixed[static KERNEL_VERSION_TEXT]);

/* The same for a given version, such as `6.1.170`. */
bool kernel_fault_in(
    const char *version, char fixed[static KERNEL_VERSION_TEXT]);

/*
 * Late releases of Linux 5.10 have the sysctl net.ipv4.tcp_migrate_req, but
 * nothing there heeds it: queues migrate from 5.14 on.
 */
bool kernel_fault_migrate(void);

#endif
