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

#define FILES_MAX 64 /* of children, until all processes are read instead */

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
		.threads = stat.threads,
		.start = stat.start,
		.exiting = stat.exiting,
	};
	return !stat.dead;
}

void
proctable_sort(struct proctable *table)
{
	if (table->n > 0)
		qsort(table->processes, table->n, sizeof(*table->processes),
		    compare_pids);
}

/* Add the process if it lives.  -1 with errno. */
static int
take_one(struct proctable *table, pid_t pid)
{
	struct process process;
	int r = proctable_read(&process, pid);

	if (r == 1)
		return proctable_add(table, &process);
	if (r == 0)
		table->torn |= process.parent == getpid();
	else if (errno != ESRCH)
		return -1;
	return 0;
}

int
proctable_take(struct proctable *table)
{
	const pid_t us = getpid();
	const struct dirent *entry;
	int r = 0;
	pid_t pid;
	DIR *dir;

	if ((dir = opendir("/proc")) == NULL)
		return -1;
	while (r != -1 && (entry = readdir(dir)) != NULL) {
		pid = strtol(entry->d_name, NULL, 10);
		if (pid > 0 && pid != us)
			r = take_one(table, pid);
	}
	closedir(dir);
	if (r != -1)
		proctable_sort(table);
	return r;
}

/* left: how many children files may still be read. */
static int
take_children(struct proctable *table, pid_t pid, pid_t thread, int *left)
{
	pid_t *children;
	size_t i;
	int r = 0;

	if ((*left)-- == 0) {
		errno = E2BIG;
		return -1;
	}
	if ((children = proc_children(pid, thread)) == NULL)
		return -1;
	for (i = 0; r != -1 && children[i] != 0; i++)
		r = take_one(table, children[i]);
	free(children);
	return r;
}

/* A child is listed with the thread that has started it. */
static int
take_children_of_threads(struct proctable *table, pid_t pid, int *left)
{
	DIR *threads = proc_threads(pid);
	const struct dirent *entry;
	pid_t thread;
	int r = 0;

	if (threads == NULL)
		return errno == ENOENT ? 0 : -1;
	while (r != -1 && (entry = readdir(threads)) != NULL) {
		thread = strtol(entry->d_name, NULL, 10);
		if (thread > 0)
			r = take_children(table, pid, thread, left);
	}
	closedir(threads);
	return r;
}

/* A process that ends meanwhile leaves its children to somebody above it. */
static int
take_below(struct proctable *table, const struct process *process, int *left)
{
	int r = process->threads > 1
	    ? take_children_of_threads(table, process->pid, left)
	    : take_children(table, process->pid, process->pid, left);

	return r == -1 && (errno == ENOENT || errno == ESRCH) ? 0 : r;
}

int
proctable_take_below(struct proctable *table)
{
	const pid_t us = getpid();
	int left = FILES_MAX, r = take_children(table, us, us, &left);
	struct process process;
	size_t i;

	for (i = 0; r != -1 && i < table->n; i++) {
		process = table->processes[i]; /* the table may move */
		r = take_below(table, &process, &left);
	}
	proctable_sort(table);
	return r;
}
