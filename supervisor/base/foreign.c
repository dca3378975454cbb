/* SPDX-License-Identifier: ISC */
/*
 * Foreign descriptors: their kinds, and how they are closed.
 */
#include "base/foreign.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"

#define MOUNTS_MAX  (4 << 20) /* bytes of proc_pid_mountinfo(5) */
#define CLOSERS	    4	      /* children that close at one time */
#define WAITING_MAX 1024      /* descriptors that wait for such a child */
#define STACK_SIZE  16384
#define SIGNAL	    SIGVTALRM /* not used or handled elsewhere */
#define LOOK_USEC   50	      /* looks whether a child has begun, */
#define BEGIN_MS    1000      /* for so long at most */

/* KINDS */

bool
foreign_is_socket(int fd)
{
	socklen_t len = sizeof(int);
	int domain;

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0;
}

/* `36 35 98:0 /a /b rw shared:1 - ext4 /dev/root rw`. */
static bool
is_local_mount(const char *line)
{
	static const char *const local[] = { "aufs", "bcachefs", "btrfs",
		"cgroup2", "devtmpfs", "overlay", "proc", "ramfs", "sysfs",
		"tmpfs", "zfs" };
	const char *type = strstr(line, " - ");
	size_t i, len;

	if (type == NULL)
		return false;
	type += strlen(" - ");
	len = strcspn(type, " \n");
	for (i = 0; i < sizeof(local) / sizeof(local[0]); i++)
		if (strlen(local[i]) == len &&
		    strncmp(type, local[i], len) == 0)
			return true;
	return false;
}

/* A mount of another mount namespace is not known to be local. */
static bool
is_on_local_mount(uint64_t id)
{
	char *text = fd_read_file("/proc/self/mountinfo", MOUNTS_MAX, NULL);
	char *rest = text, *line;
	bool local = false;

	while ((line = strsep(&rest, "\n")) != NULL)
		if (strtoull(line, NULL, 10) == id)
			local = is_local_mount(line);
	free(text);
	return local;
}

/* `pipe:[42]`, `anon_inode:[eventfd]` or a path, proc_pid_fd(5). */
static void
get_link(int fd, char *link, size_t size)
{
	char path[32];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, link, size - 1);
	link[n > 0 ? n : 0] = '\0';
}

static bool
begins_with(const char *link, const char *start)
{
	return strncmp(link, start, strlen(start)) == 0;
}

/*
 * Kinds that hold no other file.  Every other anonymous inode is refused: epoll
 * instances, io_uring, fanotify, inotify, and kinds of later kernels.
 */
static bool
is_simple(const char *link)
{
	static const char *const simple[] = { "anon_inode:[eventfd]",
		"anon_inode:[timerfd]", "anon_inode:[signalfd]",
		"anon_inode:[pidfd]", "pidfd:", "anon_inode:bpf-map",
		"anon_inode:bpf-prog" };
	size_t i;

	for (i = 0; i < sizeof(simple) / sizeof(simple[0]); i++)
		if (begins_with(link, simple[i]))
			return true;
	return false;
}

/* Does not ask another machine or process, statx(2). */
static int
look_at(int fd, struct statx *st)
{
	return statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC,
	    STATX_TYPE | STATX_MNT_ID, st);
}

bool
foreign_is_local(int fd)
{
	struct statx st;
	char link[32];

	/* Only files in memory support seals, fcntl(2). */
	if (foreign_is_socket(fd) || fcntl(fd, F_GET_SEALS) != -1)
		return true;
	get_link(fd, link, sizeof(link));
	if (begins_with(link, "anon_inode:"))
		return is_simple(link);
	/* The last close of a mount namespace unmounts its file systems. */
	if (begins_with(link, "mnt:") || look_at(fd, &st) == -1)
		return false;
	if (!S_ISREG(st.stx_mode) && !S_ISDIR(st.stx_mode))
		return true;
	/* Pipes and namespaces have a name that is not a path. */
	if (link[0] != '\0' && link[0] != '/' && link[0] != '(')
		return true;
	return st.stx_dev_major != 0 ||
	    ((st.stx_mask & STATX_MNT_ID) != 0 &&
		is_on_local_mount(st.stx_mnt_id));
}

bool
foreign_may_poll(int fd)
{
	struct statx st;
	char link[32];

	if (foreign_is_socket(fd))
		return true;
	get_link(fd, link, sizeof(link));
	return is_simple(link) ||
	    (look_at(fd, &st) == 0 && S_ISFIFO(st.stx_mode));
}

/* A LIMIT TO WAITING */

static unsigned int depth;

static void
go_on(int number)
{
}

/* fork(2) does not copy timers: each process makes its own. */
static bool
get_timer(timer_t *timer)
{
	static pid_t owner;
	static timer_t own;
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL,
		.sigev_signo = SIGNAL };
	struct sigaction action = { .sa_handler = go_on,
		.sa_flags = SA_RESTART };
	const pid_t us = getpid();

	if (owner != us && sigaction(SIGNAL, &action, NULL) == 0 &&
	    timer_create(CLOCK_MONOTONIC, &event, &own) == 0)
		owner = us;
	*timer = own;
	return owner == us;
}

static void
set_limit(long ms)
{
	const struct timespec span = { .tv_nsec = ms * 1000000 };
	const struct itimerspec spec = { span, span };
	int saved = errno;
	timer_t timer;

	if (get_timer(&timer))
		timer_settime(timer, 0, &spec, NULL);
	errno = saved;
}

void
foreign_begin(void)
{
	if (depth++ == 0)
		set_limit(FOREIGN_LIMIT_MS);
}

void
foreign_end(void)
{
	if (--depth == 0)
		set_limit(0);
}

/* CLOSING */

static pid_t closers[CLOSERS]; /* 0: none */
static int *waiting;	       /* descriptors that wait for a free closer */
static size_t nwaiting;

/*
 * The child shares the descriptor table, from which close(2) removes the
 * descriptor before it waits.  The child must not outlive this process, because
 * it holds all other descriptors too.
 */
static int
close_one(void *fd)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close((int)(intptr_t)fd);
	_exit(0);
}

/*
 * Until the child has run, the number is taken: a dup2(2) to it would be closed
 * by the child, and a fork(2) would copy the descriptor.
 */
static void
wait_until_removed(int fd)
{
	const struct timespec pause = { .tv_nsec = LOOK_USEC * 1000 };
	int64_t end = clock_ms() + BEGIN_MS;

	while (fcntl(fd, F_GETFD) != -1 && clock_ms() < end)
		nanosleep(&pause, NULL);
}

static bool
start_closer(int fd)
{
	static char stack[STACK_SIZE] __attribute__((aligned(16)));
	size_t i;

	for (i = 0; i < CLOSERS && closers[i] != 0; i++)
		continue;
	if (i == CLOSERS)
		return false;
	/* Without CLONE_VM the stack is the child's own copy. */
	closers[i] = clone(close_one, stack + sizeof(stack),
	    CLONE_FILES | SIGCHLD, (void *)(intptr_t)fd);
	if (closers[i] == -1) {
		closers[i] = 0;
		return false;
	}
	wait_until_removed(fd);
	return true;
}

/* Past the limit the descriptor stays open, which costs only a number. */
static void
let_wait(int fd)
{
	int *more = nwaiting < WAITING_MAX
	    ? reallocarray(waiting, nwaiting + 1, sizeof(*waiting))
	    : NULL;

	if (more == NULL)
		return;
	waiting = more;
	waiting[nwaiting++] = fd;
}

void
foreign_close_last(int *fd)
{
	int saved = errno;

	if (*fd != -1 && !start_closer(*fd))
		let_wait(*fd);
	*fd = -1;
	errno = saved;
}

void
foreign_close(int *fd)
{
	int saved = errno;

	if (*fd == -1)
		return;
	if (!foreign_is_local(*fd)) {
		foreign_close_last(fd);
	} else {
		foreign_begin();
		fd_close(fd);
		foreign_end();
	}
	errno = saved;
}

bool
foreign_is_closer(pid_t pid)
{
	size_t i;

	for (i = 0; i < CLOSERS; i++)
		if (closers[i] == pid)
			return pid != 0;
	return false;
}

bool
foreign_reaped(pid_t pid)
{
	size_t i;

	for (i = 0; i < CLOSERS; i++)
		if (pid != 0 && closers[i] == pid)
			break;
	if (i == CLOSERS)
		return false;
	closers[i] = 0;
	if (nwaiting > 0 && start_closer(waiting[nwaiting - 1]))
		nwaiting--;
	return true;
}
