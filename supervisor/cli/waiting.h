/* SPDX-License-Identifier: ISC */
/*
 * Waiting for a descriptor, which Ctrl-C and a deadline end.
 */
#ifndef CLI_WAITING_H
#define CLI_WAITING_H

#include <stdint.h>

#define WAITING_FOREVER INT64_MAX

enum waited {
	WAITED_READABLE,
	WAITED_DEADLINE,
	WAITED_INTERRUPT,
	WAITED_ERROR
};

/*
 * From now on SIGINT ends a wait instead of the process, unless it is
 * ignored, as in a shell's background job.
 */
void waiting_arm(void);

/*
 * On a terminal, so does a key; the terminal no longer shows what is typed
 * until waiting_disarm_key, and SIGTERM and SIGHUP end a wait as well, so
 * that there is time for it.
 */
void waiting_arm_key(char key);
void waiting_disarm_key(void);

/* deadline is of clock_ms.  WAITED_ERROR leaves errno. */
enum waited waiting_for(int fd, int64_t deadline);

/* The deadline that is timeout_ms away; -1: never. */
int64_t waiting_deadline(int64_t timeout_ms);

#endif
