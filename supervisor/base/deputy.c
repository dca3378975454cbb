/* SPDX-License-Identifier: ISC */
/*
 * The child, and the wait for it.  The loop reaps it like all others, which may
 * be long after it has done its act: so it is remembered until then.
 */
#include "base/deputy.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/await.h"
#include "base/fd.h"
#include "base/lifetime.h"

#define ROOM 8 /* deputies more, at a time */

struct message {
	int error; /* 0: done */
	_Alignas(max_align_t) char data[DEPUTY_DATA_MAX];
};

static pid_t *deputies; /* those that nobody has reaped yet */
static size_t ndeputies, room;

/* The mount must be the same too: another one may show fewer files. */
static bool
is_same_directory(int fd, const char *path)
{
	struct statx a, b;
	const unsigned int mask = STATX_INO | STATX_MNT_ID;

	return statx(fd, "", AT_EMPTY_PATH, mask, &a) == 0 &&
	    statx(AT_FDCWD, path, 0, mask, &b) == 0 &&
	    a.stx_dev_major == b.stx_dev_major &&
	    a.stx_dev_minor == b.stx_dev_minor && a.stx_ino == b.stx_ino &&
	    a.stx_mnt_id == b.stx_mnt_id;
}

static int
enter_mounts(pid_t tid)
{
	struct stat own, theirs;
	char path[32];
	int fd, r;

	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", (int)tid);
	if (stat("/proc/self/ns/mnt", &own) == -1 || stat(path, &theirs) == -1)
		return -1;
	if (own.st_ino == theirs.st_ino && own.st_dev == theirs.st_dev)
		return 0;
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return -1;
	r = setns(fd, CLONE_NEWNS);
	fd_close(&fd);
	return r;
}

static int
open_directory(pid_t tid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)tid, name);
	return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/*
 * Take the thread's root, mount namespace and directory.  The thread's links in
 * /proc are opened first, while /proc is the supervisor's.
 */
static int
enter_thread(pid_t tid, int number)
{
	char name[32] = "cwd";
	int root, start, r = -1;

	if (number != AT_FDCWD)
		snprintf(name, sizeof(name), "fd/%d", number);
	root = open_directory(tid, "root");
	start = open_directory(tid, name);
	if (root != -1 && start != -1 && enter_mounts(tid) == 0 &&
	    (is_same_directory(root, "/") ||
		(fchdir(root) == 0 && chroot(".") == 0)))
		r = fchdir(start);
	fd_close(&root);
	fd_close(&start);
	return r;
}

static int
compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/*
 * A file system that hangs may keep the child alive, and a duplicate of a
 * socket keeps that socket in its SO_REUSEPORT group: so the child closes all
 * descriptors that it does not need.
 */
static int
let_go(const struct deputy_job *job, int sock)
{
	int kept[] = { sock, job->directory, job->fd, job->with - !job->with };
	int next = 0;
	size_t i;

	qsort(kept, sizeof(kept) / sizeof(kept[0]), sizeof(kept[0]), compare);
	for (i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		if (kept[i] < next)
			continue;
		if (kept[i] > next &&
		    close_range(
			(unsigned int)next, (unsigned int)kept[i] - 1, 0) == -1)
			return -1;
		next = kept[i] + 1;
	}
	return close_range((unsigned int)next, ~0U, 0);
}

static int
deputy_enter(const struct deputy_job *job)
{
	if (job->tid != 0)
		return enter_thread(job->tid, job->number);
	return job->directory != -1 ? fchdir(job->directory) : 0;
}

/*
 * No other process may inspect the child: it has the supervisor's memory and
 * descriptors.  It dies with the supervisor; a change of the user resets both
 * attributes, prctl(2).
 */
static int
become(const struct deputy_job *job, pid_t parent)
{
	if (prctl(PR_SET_DUMPABLE, 0) == -1 || deputy_enter(job) == -1 ||
	    credentials_take_on(job->who) == -1 ||
	    prctl(PR_SET_DUMPABLE, 0) == -1)
		return -1;
	return lifetime_bind(parent, SIGKILL);
}

static _Noreturn void
work(const struct deputy_job *job, pid_t parent, int sock)
{
	struct message message = { 0 };
	int fd = -1;

	memcpy(message.data, job->data, job->size);
	if (let_go(job, sock) == -1 || become(job, parent) == -1 ||
	    job->act(message.data, &fd) == -1)
		message.error = errno != 0 ? errno : EIO;
	fd_send(sock, &message, sizeof(message), &fd, fd != -1);
	_exit(0);
}

/* Before there is one: what is not remembered would be taken for a stray. */
static int
make_room(void)
{
	pid_t *more;

	if (ndeputies < room)
		return 0;
	more = reallocarray(deputies, room + ROOM, sizeof(*deputies));
	if (more == NULL)
		return -1;
	deputies = more;
	room += ROOM;
	return 0;
}

static pid_t
start(const struct deputy_job *job, int sock)
{
	pid_t pid, parent = getpid();

	if (make_room() == -1)
		return -1;
	if ((pid = lifetime_fork()) == 0)
		work(job, parent, sock);
	if (pid != -1)
		deputies[ndeputies++] = pid;
	return pid;
}

static int
collect(const struct deputy_job *job, pid_t pid, int sock, int *fd)
{
	struct message message;
	int received = -1, saved;
	size_t n = 1;

	/* Reading another process's path does not wait for a disk. */
	if (await_child(pid, sock, job->tid == 0 && !job->quick) == -1) {
		saved = errno;
		kill(pid, SIGKILL);
		errno = saved;
		return -1;
	}
	if (fd_receive(sock, &message, sizeof(message), &received, &n, NULL) !=
	    sizeof(message)) {
		errno = ECHILD;
		return -1;
	}
	if (message.error != 0 || fd == NULL)
		fd_close(&received);
	else
		*fd = n == 1 ? received : -1;
	memcpy(job->data, message.data, job->size);
	errno = message.error;
	return message.error == 0 ? 0 : -1;
}

int
deputy_do(const struct deputy_job *job, int *fd)
{
	int ends[2], r = -1;
	pid_t pid;

	if (fd != NULL)
		*fd = -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == -1)
		return -1;
	pid = start(job, ends[1]);
	fd_close(&ends[1]);
	if (pid != -1)
		r = collect(job, pid, ends[0], fd);
	fd_close(&ends[0]);
	return r;
}

static size_t
find(pid_t pid)
{
	size_t i;

	for (i = 0; i < ndeputies && deputies[i] != pid; i++)
		continue;
	return i;
}

bool
deputy_is(pid_t pid)
{
	return find(pid) < ndeputies;
}

bool
deputy_reaped(pid_t pid)
{
	size_t i = find(pid);

	if (i == ndeputies)
		return false;
	deputies[i] = deputies[--ndeputies];
	return true;
}
