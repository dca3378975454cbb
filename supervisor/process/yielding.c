/* SPDX-License-Identifier: ISC */
/*
 * Scheduling of processes that yield.
 */
#include "process/yielding.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/credentials.h"
#include "base/deputy.h"
#include "base/fd.h"

#define ENABLED	 "/proc/sys/kernel/sched_autogroup_enabled"
#define OWN	 "/proc/self/autogroup"
#define LOWEST	 "19"
#define LOWER	 "1"
#define ORDINARY "0"
#define NICE	 " nice "
#define TEXT	 64

static int
schedule(pid_t tid, int policy)
{
	const struct sched_param none = { 0 };

	return sched_setscheduler(tid, policy, &none);
}

/* THE GROUP OF A SESSION, sched(7) */

static bool
groups_are_used(void)
{
	char *text = fd_read_file(ENABLED, TEXT, NULL);
	bool used = text != NULL && text[0] == '1';

	free(text);
	return used;
}

static int
group_set(const char *path, const char *nice)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), r;

	if (fd == -1)
		return -1;
	r = write(fd, nice, strlen(nice)) == -1 ? -1 : 0;
	fd_close(&fd);
	return r;
}

/* Change the group of a process from one nice value; false: it had another. */
static bool
group_change(pid_t pid, const char *from, const char *to)
{
	char path[TEXT], *text, *nice;
	bool had;

	snprintf(path, sizeof(path), "/proc/%d/autogroup", (int)pid);
	if ((text = fd_read_file(path, 2 * TEXT, NULL)) == NULL)
		return false;
	text[strcspn(text, "\n")] = '\0';
	nice = strstr(text, NICE);
	had = nice != NULL && strcmp(nice + strlen(NICE), from) == 0;
	free(text);
	return had && group_set(path, to) == 0;
}

/* MAY IT END? */

/*
 * Without CAP_SYS_NICE a process may leave SCHED_IDLE or lower its nice value
 * if RLIMIT_NICE allows that, but not those of another user; and without
 * CAP_SYS_ADMIN the second of two changes of a group in a row fails.  Both
 * count in the first user namespace alone, so that only a trial tells.  It is
 * made with nice values, since we wait for it.
 */
static int
try_it(void *data, int *fd)
{
	const struct rlimit none = { 0, 0 };
	const bool *groups = data;

	int own = getpriority(PRIO_PROCESS, 0);

	if (setrlimit(RLIMIT_NICE, &none) == -1 ||
	    setpriority(PRIO_PROCESS, 0, own + 1) == -1 ||
	    setpriority(PRIO_PROCESS, 0, own) == -1)
		return -1;
	if (!*groups)
		return 0;
	return setsid() == -1 || group_set(OWN, LOWER) == -1 ||
		group_set(OWN, ORDINARY) == -1
	    ? -1
	    : 0;
}

bool
yielding_can_end(char *why, size_t size)
{
	/*
	 * It worked, without groups and with them: what else counts, the first
	 * user namespace, stays what it is.
	 */
	static bool worked[2];
	struct credentials own;
	bool groups = groups_are_used(), can;
	struct deputy_job job = { .who = &own,
		.directory = -1,
		.fd = -1,
		.quick = true,
		.act = try_it,
		.data = &groups,
		.size = sizeof(groups) };

	if (credentials_own(&own) == -1) {
		snprintf(why, size, "%s", strerror(errno));
		return false;
	}
	can = credentials_can(&own, CAP_SYS_NICE) &&
	    (!groups ||
		(credentials_can(&own, CAP_SYS_ADMIN) &&
		    credentials_can(&own, CAP_DAC_OVERRIDE))) &&
	    (worked[groups] || deputy_do(&job, NULL) == 0);
	worked[groups] |= can;
	credentials_fini(&own);
	if (!can)
		snprintf(why, size,
		    "the supervisor could not end it: that takes root's %s",
		    groups ? "CAP_SYS_NICE, CAP_SYS_ADMIN and CAP_DAC_OVERRIDE"
			   : "CAP_SYS_NICE");
	return can;
}

/* BEGINNING AND ENDING IT */

static size_t
change_threads(pid_t pid, int from, int to)
{
	char path[TEXT];
	struct dirent *entry;
	size_t changed = 0;
	pid_t tid;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	if ((dir = opendir(path)) == NULL)
		return 0;
	while ((entry = readdir(dir)) != NULL) {
		tid = (pid_t)strtol(entry->d_name, NULL, 10);
		if (tid > 0 && sched_getscheduler(tid) == from &&
		    schedule(tid, to) == 0)
			changed++;
	}
	closedir(dir);
	return changed;
}

size_t
yielding_begin(const pid_t *pids, size_t n)
{
	bool groups = groups_are_used();
	size_t changed = 0, i;

	for (i = 0; i < n; i++) {
		changed += change_threads(pids[i], SCHED_OTHER, SCHED_IDLE);
		if (groups)
			changed += group_change(pids[i], ORDINARY, LOWEST);
	}
	return changed;
}

size_t
yielding_end(const pid_t *pids, size_t n)
{
	size_t changed = 0, i;

	for (i = 0; i < n; i++)
		changed += change_threads(pids[i], SCHED_IDLE, SCHED_OTHER) +
		    group_change(pids[i], LOWEST, ORDINARY);
	return changed;
}
