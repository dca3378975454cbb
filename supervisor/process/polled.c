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
#include "base/proc.h"

#define INSTANCES 64 /* of a process; those beyond are not looked at */
#define LINE	  128
#define ROOM	  4096

struct job {
	pid_t pid;
	int fd; /* the socket to be watched, in the deputy as well */
	uint64_t inode;
	size_t n;
	int instances[INSTANCES];
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

static int
find_instances(struct job *job)
{
	DIR *dir = proc_descriptors(job->pid);
	const struct dirent *entry;

	if (dir == NULL)
		return -1;
	while (job->n < INSTANCES && (entry = readdir(dir)) != NULL)
		if (is_instance(dirfd(dir), entry->d_name))
			job->instances[job->n++] =
			    (int)strtol(entry->d_name, NULL, 10);
	closedir(dir);
	return 0;
}

/* THE DEPUTY */

/*
 * The instance knows a socket by its number, too: the deputy's socket gets the
 * program's number for a moment, and what has that number here is put aside.
 */
static void
watch(
    const struct job *job, int instance, int number, struct epoll_event *event)
{
	int aside = fcntl(number, F_DUPFD_CLOEXEC, number + 1);
	int mine = fcntl(instance, F_DUPFD_CLOEXEC, number + 1);

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
take_line(const struct job *job, int instance, const char *line)
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
	watch(job, instance, number, &event);
}

/* Returns the bytes at the end that are no whole line yet. */
static size_t
take_lines(const struct job *job, int instance, char *text)
{
	char *end;

	for (; (end = strchr(text, '\n')) != NULL; text = end + 1) {
		*end = '\0';
		take_line(job, instance, text);
	}
	return strlen(text);
}

static void
look_at(const struct job *job, int pidfd, int number)
{
	char path[64], text[ROOM + 1];
	int info, instance = pidfd_getfd(pidfd, number, 0);
	size_t rest = 0, used = 0;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", job->pid, number);
	info = open(path, O_RDONLY | O_CLOEXEC);
	while (info != -1 && instance != -1 && rest < ROOM &&
	    (n = read(info, text + rest, ROOM - rest)) > 0) {
		used = rest + (size_t)n;
		text[used] = '\0';
		rest = take_lines(job, instance, text);
		memmove(text, text + used - rest, rest);
	}
	fd_close(&info);
	fd_close(&instance);
}

static int
follow(void *data, int *fd)
{
	const struct job *job = data;
	int pidfd = pidfd_open(job->pid, 0);
	size_t i;

	if (pidfd == -1)
		return -1;
	for (i = 0; i < job->n; i++)
		look_at(job, pidfd, job->instances[i]);
	fd_close(&pidfd);
	return 0;
}

int
polled_follow(pid_t pid, int from, int to)
{
	struct job job = { .pid = pid, .fd = to, .inode = fd_inode(from) };
	struct credentials own;
	struct deputy_job deputy = { .who = &own,
		.directory = -1,
		.fd = to,
		.act = follow,
		.data = &job,
		.size = sizeof(job) };
	int r;

	if (find_instances(&job) == -1)
		return -1;
	if (job.n == 0 || job.inode == 0)
		return 0;
	if (credentials_own(&own) == -1)
		return -1;
	r = deputy_do(&deputy, NULL);
	credentials_fini(&own);
	return r;
}
