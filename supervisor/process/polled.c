/* SPDX-License-Identifier: ISC */
/*
 * What an instance watches is read from /proc/PID/fdinfo, proc_pid_fdinfo(5).
 * The deputy adds nothing but the program's own socket to the program's own
 * instances, which the program could have done itself.
 */
#include "process/polled.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "base/credentials.h"
#include "base/deputy.h"
#include "base/fd.h"
#include "base/foreign.h"
#include "base/proc.h"

#define INSTANCES 16 /* of a process; those beyond are not looked at */
#define ROOM	  4096

/* The descriptors have the same numbers in the deputy. */
struct job {
	pid_t pid;
	int number; /* of the instance in the process */
	int instance;
	int fd;		/* the socket to be watched */
	uint64_t inode; /* of the socket that is watched */
};

static bool
is_instance(int dir, const char *number)
{
	static const char name[] = "anon_inode:[eventpoll]";
	char link[sizeof(name)];

	return readlinkat(dir, number, link, sizeof(link)) ==
	    (ssize_t)strlen(name) &&
	    memcmp(link, name, strlen(name)) == 0;
}

/* The numbers of the process's instances. */
static size_t
find_instances(pid_t pid, int numbers[static INSTANCES])
{
	DIR *dir = proc_descriptors(pid);
	const struct dirent *entry;
	size_t n = 0;

	if (dir == NULL)
		return 0;
	while (n < INSTANCES && (entry = readdir(dir)) != NULL)
		if (is_instance(dirfd(dir), entry->d_name))
			numbers[n++] = (int)strtol(entry->d_name, NULL, 10);
	closedir(dir);
	return n;
}

/* THE DEPUTY */

/*
 * The instance knows a socket by its number, too: the deputy's socket gets the
 * program's number for a moment, and what has that number here is put aside.
 */
static void
watch(const struct job *job, int number, struct epoll_event *event)
{
	int aside = fcntl(number, F_DUPFD_CLOEXEC, number + 1);
	int mine = fcntl(job->instance, F_DUPFD_CLOEXEC, number + 1);

	if (number == job->fd || dup3(job->fd, number, O_CLOEXEC) != -1)
		epoll_ctl(mine, EPOLL_CTL_ADD, number, event);
	if (number != job->fd && aside != -1)
		dup3(aside, number, O_CLOEXEC);
	else if (number != job->fd)
		close(number);
	fd_close(&aside);
	fd_close(&mine);
}

/* `tfd:        5 events:       19 data:     5  pos:0 ino:2a sdev:8` */
static void
take_line(const struct job *job, const char *line)
{
	struct epoll_event event = { 0 };
	uint64_t data, inode;
	unsigned int events;
	int number;

	if (sscanf(line,
		"tfd: %d events: %x data: %" SCNx64 " pos:%*d ino:%" SCNx64,
		&number, &events, &data, &inode) != 4 ||
	    inode != job->inode || number < 0)
		return;
	event.events = events;
	event.data.u64 = data;
	watch(job, number, &event);
}

/* Returns the bytes at the end that are no whole line yet. */
static size_t
take_lines(const struct job *job, char *text)
{
	char *end;

	for (; (end = strchr(text, '\n')) != NULL; text = end + 1) {
		*end = '\0';
		take_line(job, text);
	}
	return strlen(text);
}

static int
follow(void *data, int *fd)
{
	const struct job *job = data;
	char path[64], text[ROOM + 1];
	size_t rest = 0, used = 0;
	ssize_t n = -1;
	int info;

	snprintf(
	    path, sizeof(path), "/proc/%d/fdinfo/%d", job->pid, job->number);
	info = open(path, O_RDONLY | O_CLOEXEC);
	while (info != -1 && rest < ROOM &&
	    (n = read(info, text + rest, ROOM - rest)) > 0) {
		used = rest + (size_t)n;
		text[used] = '\0';
		rest = take_lines(job, text);
		memmove(text, text + used - rest, rest);
	}
	fd_close(&info);
	return n == 0 ? 0 : -1;
}

/* Yama lets the supervisor take the instance, but no child of it. */
static int
follow_one(struct job *job, int pidfd)
{
	struct credentials own;
	struct deputy_job deputy = { .who = &own,
		.directory = -1,
		.fd = job->fd,
		.quick = true,
		.act = follow,
		.data = job,
		.size = sizeof(*job) };
	int r = -1;

	job->instance = deputy.with = pidfd_getfd(pidfd, job->number, 0);
	if (job->instance == -1)
		return -1;
	if (credentials_own(&own) == 0) {
		r = deputy_do(&deputy, NULL);
		credentials_fini(&own);
	}
	foreign_close(&job->instance);
	return r;
}

int
polled_follow(pid_t pid, int from, int to)
{
	struct job job = { .pid = pid, .fd = to, .inode = fd_inode(from) };
	int numbers[INSTANCES], pidfd, r = 0;
	size_t i, n = find_instances(pid, numbers);

	if (n == 0 || (pidfd = pidfd_open(pid, 0)) == -1)
		return n == 0 ? 0 : -1;
	for (i = 0; i < n && (r == 0 || errno != ETIMEDOUT); i++) {
		job.number = numbers[i];
		r = follow_one(&job, pidfd);
	}
	fd_close(&pidfd);
	return r;
}
