/* SPDX-License-Identifier: ISC */
/*
 * The table of processes, as /proc shows it.
 */
#include "process/proctable.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/proc.h"

static int
compare_pids(const void *a, const void *b)
{
	const struct process *x = a, *y = b;

	return (x->pid > y->pid) - (x->pid < y->pid);
}

int
proctable_add(struct proctable *table, const struct process *process)
{
	struct process *more;
	size_t size;

	if (table->n == table->size) {
		size = table->size == 0 ? 64 : 2 * table->size;
		more = reallocarray(table->processes, size, sizeof(*more));
		if (more == NULL)
			return -1;
		table->processes = more;
		table->size = size;
	}
	table->processes[table->n++] = *process;
	return 0;
}

struct process *
proctable_find(const struct proctable *table, pid_t pid)
{
	struct process key = { .pid = pid };

	if (table->n == 0)
		return NULL;
	return bsearch(
	    &key, table->processes, table->n, sizeof(key), compare_pids);
}

int
proctable_read(struct process *process, pid_t pid)
{
	struct proc_stat stat;

	if (proc_stat(pid, &stat) == -1)
		return -1;
	*process = (struct process){
		.pid = pid,
		.parent = stat.parent,
		.session = stat.session,
		.start = stat.start,
		.exiting = stat.exiting,
	};
	return !stat.dead;
}

void
proctable_sort(struct proctable *table)
{
	qsort(table->processes, table->n, sizeof(*table->processes),
	    compare_pids);
}

int
proctable_take(struct proctable *table)
{
	const pid_t us = getpid();
	const struct dirent *entry;
	struct process process;
	int r = 0;
	pid_t pid;
	DIR *dir;

	if ((dir = opendir("/proc")) == NULL)
		return -1;
	while (r != -1 && (entry = readdir(dir)) != NULL) {
		pid = strtol(entry->d_name, NULL, 10);
		if (pid <= 0 || pid == us)
			continue;
		r = proctable_read(&process, pid);
		if (r == 1)
			r = proctable_add(table, &process);
		else if (r == 0)
			table->torn |= process.parent == us;
		else if (errno == ESRCH)
			r = 0;
	}
	closedir(dir);
	if (r != -1 && table->n > 0)
		proctable_sort(table);
	return r;
}
