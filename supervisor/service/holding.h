/* SPDX-License-Identifier: ISC */
/*
 * Which processes have a generation's sockets open.
 */
#ifndef SERVICE_HOLDING_H
#define SERVICE_HOLDING_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct generation;

/* Has any of these processes any of the generation's sockets? */
bool holding_has(const struct generation *, const pid_t *pids, size_t n);

#endif
