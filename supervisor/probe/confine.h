/* SPDX-License-Identifier: ISC */
/*
 * What the prober gives up before it hears a word of a stranger's.  Each step
 * can only take away, and holds for the rest of the process.
 */
#ifndef PROBE_CONFINE_H
#define PROBE_CONFINE_H

/*
 * Be nobody where we are root; have no capability and gain none; let nobody
 * of the same user look into us; a small part of memory, time, descriptors,
 * and no process or file.  -1 with errno if we still have root's rights.
 */
int confine_rights(long timeout_ms);

enum confine_stage {
	/* Names are still to be resolved: reading what this takes, no more. */
	CONFINE_NAMES,
	/* Sockets of the internet that connect, and nothing of the system. */
	CONFINE_NETWORK,
	/* One socket that is connected, and no other. */
	CONFINE_CONNECTED,
};

/*
 * Keep to this stage from here on: by Landlock and by a filter of system
 * calls, each as far as the kernel has it.
 */
void confine_to(enum confine_stage);

/* The two parts of it. */
void confine_files(enum confine_stage);
void confine_calls(enum confine_stage);

#endif
