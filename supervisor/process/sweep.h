/* SPDX-License-Identifier: ISC */
/*
 * Ending a fixed set of processes: what a main process that crashed has left
 * behind, while the program is already being started again.
 */
#ifndef PROCESS_SWEEP_H
#define PROCESS_SWEEP_H

#include <event2/event.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Send signal to each of them now and SIGKILL after timeout_ms to those that
 * are still there.  Holds them by pidfd, so that a reused PID is safe.
 * Releases itself when it is done.
 */
void sweep_start(struct event_base *, const pid_t *pids, size_t n, int signal,
    unsigned int timeout_ms);

#endif
