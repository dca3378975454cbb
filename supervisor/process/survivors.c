/* SPDX-License-Identifier: ISC */
/*
 * The environment of every process that we may look into is searched.
 */
#include "process/survivors.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/proc.h"
#include "process/origin.h"

/* What is searched for: a whole variable, and a beginning. */
struct marks {
	char *name;
	char *notify;
	const struct origin *origin;
};

/* The generation's number; 0 if the process is not of this service. */
static unsigned int
generation_of(pid_t pid, const struct marks *marks)
{
	const char *rest, *number;
	unsigned int generation = 0;
	size_t len;
	char *text = origin_read(marks->origin, pid, false, &len);

	if (text == NULL)
		return 0;
	rest = proc_variable(text, len, marks->name);
	number = proc_variable(text, len, marks->notify);
	if (rest != NULL && rest[0] == '\0' && number != NULL)
		generation = (unsigned int)strtonum(number, 1, UINT_MAX, NULL);
	free(text);
	return generation;
}

static int
compare(const void *a, const void *b)
{
	const struct survivor *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return (x->pid > y->pid) - (x->pid < y->pid);
}

/* Append to list, *stolen*.  The new list; NULL if there is no memory. */
static struct survivor *
add(struct survivor *list, size_t *n, const struct survivor *one)
{
	struct survivor *more = reallocarray(list, *n + 2, sizeof(*more));

	if (more == NULL) {
		free(list);
		return NULL;
	}
	more[(*n)++] = *one;
	return more;
}

static struct survivor *
survivors_look(const struct marks *marks, size_t *n)
{
	struct survivor one, *list = reallocarray(NULL, 1, sizeof(*list));
	const struct dirent *entry;
	DIR *dir = opendir("/proc");

	if (dir == NULL) {
		free(list);
		return NULL;
	}
	while (list != NULL && (entry = readdir(dir)) != NULL) {
		one.pid = (pid_t)strtol(entry->d_name, NULL, 10);
		if (one.pid <= 0 || one.pid == getpid() ||
		    (one.generation = generation_of(one.pid, marks)) == 0 ||
		    proc_start_time(one.pid, &one.start) == -1)
			continue;
		list = add(list, n, &one);
	}
	closedir(dir);
	return list;
}

struct survivor *
survivors_find(const char *name, const char *runtime,
    const struct origin *origin, size_t *n)
{
	struct survivor *list = NULL;
	struct marks marks = { .origin = origin };

	*n = 0;
	if (asprintf(&marks.name, "HOTSWAP_NAME=%s", name) == -1)
		marks.name = NULL;
	if (asprintf(&marks.notify, "NOTIFY_SOCKET=%s/%s.notify.", runtime,
		name) == -1)
		marks.notify = NULL;
	if (marks.name != NULL && marks.notify != NULL)
		list = survivors_look(&marks, n);
	else
		errno = ENOMEM;
	free(marks.name);
	free(marks.notify);
	if (list != NULL)
		qsort(list, *n, sizeof(*list), compare);
	return list;
}
