/* SPDX-License-Identifier: ISC */
/*
 * Processes that yield the processor to all others: scheduled as SCHED_IDLE,
 * sched(7), and with the lowest weight for their session, where the kernel
 * groups by sessions (autogroups).  Threads and children inherit both.  Nice
 * values are left as they are.
 */
#ifndef PROCESS_YIELDING_H
#define PROCESS_YIELDING_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Can a process that yields be made an ordinary one again by us, whoever its
 * user is?  It is tried.  If not, why says what is missing.
 */
bool yielding_can_end(char *why, size_t size);

/*
 * Let all threads of these processes that are scheduled as usual, SCHED_OTHER,
 * yield from now on, and their sessions.  Returns the number of those that did
 * not: they may have made others meanwhile.
 */
size_t yielding_begin(const pid_t *pids, size_t n);

/*
 * Make all threads of these processes ordinary ones that are scheduled as
 * SCHED_IDLE, and their sessions.  Returns the number of those that were not:
 * they may have made others meanwhile.
 */
size_t yielding_end(const pid_t *pids, size_t n);

#endif
