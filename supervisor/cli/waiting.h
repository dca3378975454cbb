/* SPDX-License-Identifier: ISC */
/*
 * Waiting for a descriptor; Ctrl-C and a deadline end the wait.
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
 * From now on SIGINT ends a wait instead of the process, unless SIGINT is
 * ignored, as it is in a shell's background job.
 */
void waiting_arm(void);

/*
 * On a terminal this key ends a wait as well.  Until waiting_disarm_key the
 * terminal does not show what is typed, and SIGTERM and SIGHUP end a wait too,
 * so that the terminal's settings can be restored.
 */
void waiting_arm_key(char key);
void waiting_disarm_key(void);

/* deadline is a time of clock_ms.  WAITED_ERROR leaves errno. */
enum waited waiting_for(int fd, int64_t deadline);

/* The deadline that is timeout_ms away; -1: never. */
int64_t waiting_deadline(int64_t timeout_ms);

#endif
