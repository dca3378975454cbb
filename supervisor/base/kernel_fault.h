/* SPDX-License-Identifier: ISC */
/*
 * Faults of kernels that hotswap has to know of.
 */
#ifndef BASE_KERNEL_FAULT_H
#define BASE_KERNEL_FAULT_H

#include <stdbool.h>

#define KERNEL_VERSION_TEXT 64

/*
 * CVE-2026-52910: a classic BPF program of a SO_REUSEPORT group that is
 * replaced is freed while packets may still run it, which can crash the
 * kernel.  True if the kernel's version is one before the fix; then fixed is
 * the first release of its series that has it.  A distribution may have
 * mended it without a change of the version: the answer is a reason to warn,
 * not to refuse.
 */
bool kernel_fault_reuseport(char running[static KERNEL_VERSION_TEXT],
    char fixed[static KERNEL_VERSION_TEXT]);

/* The same for a version that is given, as `6.1.170`. */
bool kernel_fault_in(
    const char *version, char fixed[static KERNEL_VERSION_TEXT]);

/*
 * Late releases of Linux 5.10 have the sysctl net.ipv4.tcp_migrate_req, but
 * nothing there heeds it: queues migrate from 5.14 on.
 */
bool kernel_fault_migrate(void);

#endif
