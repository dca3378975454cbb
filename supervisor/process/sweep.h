/* SPDX-License-Identifier: ISC */
/*
 * Ending a fixed set of processes: those that a crashed main process has left
 * behind, while the program is already being started again.
 */
#ifndef PROCESS_SWEEP_H
#define PROCESS_SWEEP_H

#include <event2/event.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Send signal to each process now, and after timeout_ms SIGKILL to those that
 * still live.  Processes are held by pidfd, so that a reused PID is safe.  The
 * sweep releases itself when it is done.
 */
void sweep_start(struct event_base *, const pid_t *pids, size_t n, int signal,
    unsigned int timeout_ms);

#endif
