/* SPDX-License-Identifier: ISC */
/*
 * What the prober gives up before it reads data of a peer that it cannot trust.
 * Each step can only remove rights, and holds until the process ends.
 */
#ifndef PROBE_CONFINE_H
#define PROBE_CONFINE_H

#include <sys/types.h>

/*
 * Root becomes nobody, if the user namespace allows that.  The process drops
 * its capabilities and cannot gain any; no process of the same user can inspect
 * it; its memory, time and descriptors are limited; it can fork no process, and
 * write no file unless its output is one.  -1 with errno if it still has
 * capabilities or could gain any.
 */
int confine_rights(long timeout_ms, unsigned int connections);

/* Its part that drops the capabilities.  -1 with errno. */
int confine_capabilities(void);

enum confine_stage {
	/* Names are still to be resolved: only what this needs. */
	CONFINE_NAMES,
	/* Internet sockets that connect; no files. */
	CONFINE_NETWORK,
	/* Only the one socket that is connected. */
	CONFINE_CONNECTED,
};

/*
 * Confine the process to this stage by Landlock and by a filter of system
 * calls, each as far as the kernel supports it.
 */
void confine_to(enum confine_stage);

/* Make the filters of all stages now, which else each child makes. */
void confine_prepare(void);

/* The two parts of confine_to. */
void confine_files(enum confine_stage);
void confine_calls(enum confine_stage);

#endif
