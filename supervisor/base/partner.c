/* SPDX-License-Identifier: ISC */
/*
 * The partner, and its helpers, of which each one closes until it hangs.
 */
#include "base/partner.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/proc.h"

#define STACK_SIZE    16384
#define DEATH_SIGNAL  SIGUSR1
#define FINISH_SIGNAL SIGUSR2
#define HELPERS_MAX   64
#define PATIENCE_MS   50      /* with a helper that gets no further */
#define NUMBERS_MAX   1048576 /* fs.nr_open, proc(5) */
#define SHORT_LIFE_MS 1000    /* then the next one would fare no better */

/* In memory that the helpers share: the descriptors to be closed. */
struct progress {
	atomic_int lowest, highest;
};

static pid_t partner; /* 0: none */
static int64_t started_ms;

/* THE CHILD */

/* The oldest last: who waits for a lock finds that all else is closed. */
static int
descend(void *arg)
{
	struct progress *progress = arg;
	int fd;

	while ((fd = atomic_fetch_sub(&progress->highest, 1)) >=
	    atomic_load(&progress->lowest))
		close(fd);
	_exit(0);
}

/* What is ours, which is the oldest, first. */
static int
ascend(void *arg)
{
	struct progress *progress = arg;
	int fd;

	while ((fd = atomic_fetch_add(&progress->lowest, 1)) <=
	    atomic_load(&progress->highest))
		close(fd);
	_exit(0);
}

/* How many numbers the table has, proc_pid_status(5). */
static int
table_size(void)
{
	char *status = proc_status(PROC_SELF);
	long size = NUMBERS_MAX;

	if (status == NULL || proc_number(status, "FDSize:", 10, &size) == -1)
		size = NUMBERS_MAX;
	free(status);
	return (int)size;
}

/* True once it has ended; false if it hangs. */
static bool
follow(pid_t helper, struct progress *progress)
{
	const struct timespec patience = { .tv_nsec = PATIENCE_MS * 1000000 };
	sigset_t child;
	int lowest, highest;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	do {
		lowest = atomic_load(&progress->lowest);
		highest = atomic_load(&progress->highest);
		sigtimedwait(&child, NULL, &patience);
		if (waitpid(helper, NULL, WNOHANG) == helper)
			return true;
	} while (atomic_load(&progress->lowest) != lowest ||
	    atomic_load(&progress->highest) != highest);
	return false;
}

static void
close_all(int lowest)
{
	static char stack[STACK_SIZE] __attribute__((aligned(16)));
	struct progress *progress = mmap(NULL, sizeof(*progress),
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t helper;
	int i;

	if (progress == MAP_FAILED)
		return;
	atomic_init(&progress->lowest, lowest);
	atomic_init(&progress->highest, table_size());
	for (i = 0; i < HELPERS_MAX; i++) {
		helper = clone(i == 0 ? descend : ascend, stack + sizeof(stack),
		    CLONE_FILES | SIGCHLD, progress);
		if (helper == -1 || follow(helper, progress))
			return;
	}
}

/* Does the parent ask to finish?  A signal of somebody else's does not. */
static bool
is_asked_to_finish(pid_t parent)
{
	siginfo_t info;
	sigset_t awaited;

	sigemptyset(&awaited);
	sigaddset(&awaited, DEATH_SIGNAL);
	sigaddset(&awaited, FINISH_SIGNAL);
	return sigwaitinfo(&awaited, &info) == FINISH_SIGNAL &&
	    info.si_pid == parent;
}

/*
 * All signals are blocked.  No other process may inspect this one, which has
 * our memory; and a signal for our process group is not for it.
 */
static int
outlive(void *arg)
{
	pid_t parent = *(pid_t *)arg;
	int lowest = 0;

	prctl(PR_SET_NAME, PARTNER_NAME);
	prctl(PR_SET_DUMPABLE, 0);
	setsid();
	if (prctl(PR_SET_PDEATHSIG, DEATH_SIGNAL) == -1)
		_exit(1);
	/* One that ends by itself may have a last word to say. */
	while (getppid() == parent && lowest == 0)
		if (is_asked_to_finish(parent))
			lowest = STDERR_FILENO + 1;
	close_all(lowest);
	_exit(0);
}

/* OUR SIDE */

void
partner_start(void)
{
	static char stack[STACK_SIZE] __attribute__((aligned(16)));
	sigset_t all, before;
	pid_t us = getpid(), pid;

	if (partner != 0)
		return;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	/* Without CLONE_VM the stack is the child's own copy. */
	pid = clone(outlive, stack + sizeof(stack), CLONE_FILES | SIGCHLD, &us);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (pid == -1) {
		log_warn("cannot start the partner of process %d: %s", (int)us,
		    strerror(errno));
		return;
	}
	partner = pid;
	started_ms = clock_ms();
}

/* As long as we have the table as well, its end closes nothing. */
int
partner_end(void)
{
	if (partner == 0)
		return 0;
	if (kill(partner, SIGKILL) == -1 && errno != ESRCH)
		return -1;
	while (waitpid(partner, NULL, 0) == -1 && errno == EINTR)
		continue;
	partner = 0;
	return 0;
}

bool
partner_finish(void)
{
	bool there = partner != 0 && kill(partner, FINISH_SIGNAL) == 0;

	partner = 0;
	return there;
}

bool
partner_is(pid_t pid)
{
	return pid != 0 && pid == partner;
}

bool
partner_reaped(pid_t pid)
{
	if (!partner_is(pid))
		return false;
	partner = 0;
	if (clock_ms() - started_ms >= SHORT_LIFE_MS)
		partner_start();
	return true;
}
