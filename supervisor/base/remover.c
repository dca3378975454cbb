/* SPDX-License-Identifier: ISC */
/*
 * A child for each descriptor.
 */
#include "base/remover.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/leftover.h"
#include "base/lifetime.h"

#define REMOVERS   4 /* at one time */
#define STACK_SIZE 16384
#define LOOK_USEC  50	/* looks whether a child has begun, */
#define BEGIN_MS   1000 /* for so long at most */

static pid_t removers[REMOVERS]; /* 0: none */
static struct leftover waiting;	 /* for a free remover */

struct removal {
	int fd;
	pid_t parent; /* this process */
};

/*
 * The child shares the descriptor table, from which close(2) removes the
 * descriptor before it waits.  The child must not outlive this process, because
 * it holds all other descriptors too.
 */
static int
remove_one(void *arg)
{
	const struct removal *removal = arg;

	if (lifetime_bind(removal->parent, SIGKILL) == 0)
		close(removal->fd);
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
start_remover(int fd)
{
	static char stack[STACK_SIZE] __attribute__((aligned(16)));
	struct removal removal = { fd, getpid() };
	size_t i;

	for (i = 0; i < REMOVERS && removers[i] != 0; i++)
		continue;
	if (i == REMOVERS)
		return false;
	/* Without CLONE_VM the stacks are the child's own copies. */
	removers[i] = clone(
	    remove_one, stack + sizeof(stack), CLONE_FILES | SIGCHLD, &removal);
	if (removers[i] == -1) {
		removers[i] = 0;
		return false;
	}
	wait_until_removed(fd);
	return true;
}

void
remover_close(int *fd)
{
	int saved = errno;

	if (*fd != -1 && !start_remover(*fd))
		leftover_add(&waiting, *fd);
	*fd = -1;
	errno = saved;
}

void
remover_retry(void)
{
	leftover_retry(&waiting, start_remover);
}

void
remover_forget(void)
{
	leftover_clear(&waiting);
}

bool
remover_is(pid_t pid)
{
	size_t i;

	for (i = 0; i < REMOVERS; i++)
		if (removers[i] == pid)
			return pid != 0;
	return false;
}

bool
remover_reaped(pid_t pid)
{
	size_t i;

	for (i = 0; i < REMOVERS; i++)
		if (pid != 0 && removers[i] == pid)
			break;
	if (i == REMOVERS)
		return false;
	removers[i] = 0;
	return true;
}
