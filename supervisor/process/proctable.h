/* SPDX-License-Identifier: ISC */
/*
 * The table of processes, as /proc shows it: not the children files of tasks,
 * which not every kernel has.
 */
#ifndef PROCESS_PROCTABLE_H
#define PROCESS_PROCTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct process {
	pid_t pid;
	pid_t parent;
	pid_t session;
	unsigned long long start; /* in clock ticks since boot */
	bool exiting;
	bool above; /* ours, or above us: nobody's program */
	bool member;
};

/*
 * Grows; sorted by PID once it is whole.  Torn: a child of ours came to its
 * end while it was taken, so that nobody can say whether it was a member,
 * and whether it left others behind that are not in the table.
 */
struct proctable {
	struct process *processes;
	size_t n;
	size_t size;
	bool torn;
};

/* Returns 1; 0 if it is dead; -1 with errno: ESRCH if there is none. */
int proctable_read(struct process *, pid_t);

/* Everything that lives, but us.  -1 with errno. */
int proctable_take(struct proctable *);

/* -1 with ENOMEM. */
int proctable_add(struct proctable *, const struct process *);

/* By PID, as proctable_find needs it. */
void proctable_sort(struct proctable *);

/* NULL if there is none. */
struct process *proctable_find(const struct proctable *, pid_t);

#endif
