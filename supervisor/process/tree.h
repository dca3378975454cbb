/* SPDX-License-Identifier: ISC */
/*
 * The processes of a generation: everything that descends from its main
 * process, found in /proc, daemonised ones too, which come to us as a child
 * subreaper.
 */
#ifndef PROCESS_TREE_H
#define PROCESS_TREE_H

#include <stddef.h>
#include <sys/types.h>

struct tree;

/*
 * The processes of generation number of service name.  Remembers those it
 * has seen, by PID and start time, so that a process stays ours when its
 * parents have gone; an orphan that was never seen is known by the
 * HOTSWAP_NAME and HOTSWAP_GENERATION in its environment.  *New*.
 */
struct tree *tree_new(const char *name, unsigned int number);
void tree_free(struct tree *);

/* A process that is known to belong: the main one, or an announced one. */
void tree_add(struct tree *, pid_t);

/*
 * Look at /proc anew.  Returns the living members, zombies left out,
 * borrowed until the next call, the oldest first; *n may be 0.
 */
const pid_t *tree_scan(struct tree *, size_t *n);

/* Send a signal to every member but those in except (may be NULL). */
void tree_kill(struct tree *, int signal);

#endif
