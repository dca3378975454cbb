/* SPDX-License-Identifier: ISC */
/*
 * The table of processes, as /proc shows it.
 */
#include "process/proctable.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

#define STAT_MAX   1024 /* bytes of /proc/PID/stat that matter */
#define PF_EXITING 0x4	/* among its flags */

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

/*
 * The name may contain any character, so the fields are counted from its last
 * parenthesis, proc_pid_stat(5).  Returns 1; 0 if the process is dead, as a
 * zombie is unless only its first thread has ended.
 */
static int
process_parse(struct process *process, const char *text)
{
	const char *fields = strrchr(text, ')');
	int parent, session;
	unsigned int flags;
	long threads;
	char state;

	if (fields == NULL ||
	    sscanf(fields,
		") %c %d %*d %d %*d %*d %u %*u %*u %*u %*u %*u %*u %*d %*d "
		"%*d %*d %ld %*d %llu",
		&state, &parent, &session, &flags, &threads,
		&process->start) != 6) {
		errno = EBADMSG;
		return -1;
	}
	process->parent = parent;
	process->session = session;
	process->exiting = (flags & PF_EXITING) != 0;
	return state != 'X' && (state != 'Z' || threads > 1);
}

int
proctable_read(struct process *process, pid_t pid)
{
	char text[STAT_MAX], path[32];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1) {
		if (errno == ENOENT)
			errno = ESRCH;
		return -1;
	}
	n = read(fd, text, sizeof(text) - 1);
	fd_close(&fd);
	if (n == -1)
		return -1;
	text[n] = '\0';
	*process = (struct process){ .pid = pid };
	return process_parse(process, text);
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
