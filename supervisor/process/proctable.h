/* SPDX-License-Identifier: ISC */
/*
 * The table of processes as /proc shows it: of the whole machine, or of those
 * that descend from us, for which the cost does not grow with the machine.
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
	long threads;
	unsigned long long start; /* in clock ticks since boot */
	bool exiting;
	bool above; /* we descend from it, or it is a deputy of ours */
	bool member;
};

/*
 * A table of processes, sorted by PID once it is complete.  torn: a child of
 * ours was ending meanwhile, so nobody can tell whether it was a member or has
 * left others behind that are not in the table.
 */
struct proctable {
	struct process *processes;
	size_t n;
	size_t size;
	bool torn;
};

/* Returns 1; 0 if it is dead; -1 with errno: ESRCH if it does not exist. */
int proctable_read(struct process *, pid_t);

/* Read all living processes except ourselves.  -1 with errno. */
int proctable_take(struct proctable *);

/*
 * Read our living descendants.  Our own children are all of them; of a process
 * whose parent reaps another child meanwhile one may be missed, as by any look
 * at what changes.  -1 with errno: ENOENT if the kernel does not tell children,
 * E2BIG if they are so many that it is cheaper to read all processes.
 */
int proctable_take_below(struct proctable *);

/* -1 with ENOMEM. */
int proctable_add(struct proctable *, const struct process *);

/* Sort by PID, as proctable_find needs it. */
void proctable_sort(struct proctable *);

/* NULL if there is none. */
struct process *proctable_find(const struct proctable *, pid_t);

#endif
