/* SPDX-License-Identifier: ISC */
/*
 * A closer lives as long as this process, and does one job after the other.
 */
#include "base/closer.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/membarrier.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/await.h"
#include "base/fd.h"
#include "base/impatience.h"
#include "base/leftover.h"
#include "base/lifetime.h"

#define ANSWER_MS 100 /* then we look what the closer does */

/* The first byte of a message with a file says what to do with the file. */
enum job { JOB_CLOSE, JOB_GRACE };

struct closer {
	pid_t pid;	   /* 0: none */
	int sock;	   /* -1: it has ended, and is not reaped yet */
	unsigned int owed; /* answers: it hangs */
};

static struct closer closers[CLOSERS_MAX];
static struct leftover waiting; /* no closer could take them */

/* THE CHILD */

/* The signals of a terminal are not for the closer. */
static void
block_signals(void)
{
	sigset_t blocked;

	sigfillset(&blocked);
	sigdelset(&blocked, IMPATIENCE_SIGNAL);
	sigprocmask(SIG_SETMASK, &blocked, NULL);
}

/*
 * No other process may inspect it, since it has our memory.  It keeps no other
 * descriptor: a duplicate of a socket keeps that in its SO_REUSEPORT group.
 */
static bool
is_apart(pid_t parent, int sock)
{
	return prctl(PR_SET_DUMPABLE, 0) == 0 &&
	    lifetime_bind(parent, SIGKILL) == 0 &&
	    (sock == 0 || close_range(0, (unsigned int)sock - 1, 0) == 0) &&
	    close_range((unsigned int)sock + 1, ~0U, 0) == 0;
}

static void
drop(int *fd)
{
	if (*fd == -1)
		return;
	impatience_begin();
	fd_close(fd);
	impatience_end();
}

/*
 * membarrier(2) waits for a grace period of RCU: what reads without a lock now,
 * as a softirq that looks for a socket, has ended on return.  On a machine with
 * one processor nothing reads while we run.
 */
static void
await_grace(int *fd)
{
	ssize_t n = 1;

	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) == 0)
		n = write(*fd, "", 1);
	fd_close(fd);
	(void)n; /* nobody reads any more */
}

/*
 * A message with a file is followed by one without, or by the next file, when
 * we have the last reference.
 */
static _Noreturn void
work(pid_t parent, int sock)
{
	int fd, held = -1;
	size_t n;
	char c;

	block_signals();
	if (!is_apart(parent, sock))
		_exit(1);
	for (;;) {
		n = 1;
		if (fd_receive(sock, &c, 1, &fd, &n, NULL) != 1)
			_exit(0);
		drop(&held);
		if (n == 1 && c == JOB_GRACE)
			await_grace(&fd);
		else if (n == 1)
			held = fd;
		else if (fd_send(sock, &c, 1, NULL, 0) != 1)
			_exit(0);
	}
}

/* OUR SIDE */

static bool
start(struct closer *closer)
{
	pid_t parent = getpid();
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == -1)
		return false;
	if ((closer->pid = lifetime_fork()) == 0)
		work(parent, ends[1]);
	fd_close(&ends[1]);
	if (closer->pid == -1) {
		closer->pid = 0;
		fd_close(&ends[0]);
		return false;
	}
	/* We wait for an answer by poll(2), and for room in the queue never. */
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	closer->sock = ends[0];
	closer->owed = 0;
	return true;
}

/* Take what it owes.  False if it has ended. */
static bool
take_answers(struct closer *closer)
{
	ssize_t n = 1;
	char c;

	while (closer->owed > 0 && (n = recv(closer->sock, &c, 1, 0)) == 1)
		closer->owed--;
	if (n == 0)
		fd_close(&closer->sock);
	return n != 0;
}

/*
 * The one that owes least, a new one before one that hangs; NULL: none.  Of
 * several that owe nothing one stays, and the others end.
 */
static struct closer *
choose(void)
{
	struct closer *closer, *best = NULL, *none = NULL;

	for (closer = closers; closer < closers + CLOSERS_MAX; closer++) {
		if (closer->pid == 0)
			none = closer;
		else if (closer->sock == -1 || !take_answers(closer))
			continue;
		else if (best == NULL || closer->owed < best->owed)
			best = closer;
		else if (closer->owed == 0)
			fd_close(&closer->sock);
	}
	if (best != NULL && best->owed == 0)
		return best;
	return none != NULL && start(none) ? none : best;
}

static void
wait_for_answer(struct closer *closer)
{
	struct pollfd answer = { .fd = closer->sock, .events = POLLIN };
	char c;

	if ((poll(&answer, 1, ANSWER_MS) == 1 ||
		await_child(closer->pid, closer->sock, false) == 0) &&
	    recv(closer->sock, &c, 1, 0) == 1)
		closer->owed--;
}

/* The closer that has got the job; NULL: none can take it. */
static struct closer *
give(enum job job, int fd)
{
	const char c = (char)job;
	struct closer *closer;

	while ((closer = choose()) != NULL) {
		if (fd_send(closer->sock, &c, 1, &fd, 1) == 1)
			return closer;
		if (errno != EPIPE && errno != ECONNRESET)
			return NULL;
		fd_close(&closer->sock); /* it has ended */
	}
	return NULL;
}

static bool
close_one(int fd)
{
	struct closer *closer = give(JOB_CLOSE, fd);

	if (closer == NULL)
		return false;
	close(fd);
	if (fd_send(closer->sock, "", 1, NULL, 0) == 1 && closer->owed++ == 0)
		wait_for_answer(closer);
	return true;
}

void
closer_close(int *fd)
{
	int saved = errno;

	if (*fd != -1 && !close_one(*fd))
		leftover_add(&waiting, *fd);
	*fd = -1;
	errno = saved;
}

int
closer_grace(void)
{
	struct closer *closer;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) == -1)
		return -1;
	if ((closer = give(JOB_GRACE, ends[1])) == NULL)
		fd_close(&ends[0]);
	else if (fd_send(closer->sock, "", 1, NULL, 0) == 1)
		closer->owed++;
	fd_close(&ends[1]);
	return ends[0];
}

void
closer_retry(void)
{
	leftover_retry(&waiting, close_one);
}

void
closer_end(void)
{
	struct closer *closer;

	for (closer = closers; closer < closers + CLOSERS_MAX; closer++)
		if (closer->pid != 0)
			fd_close(&closer->sock);
	leftover_clear(&waiting);
}

static struct closer *
find(pid_t pid)
{
	struct closer *closer;

	for (closer = closers; closer < closers + CLOSERS_MAX; closer++)
		if (pid != 0 && closer->pid == pid)
			return closer;
	return NULL;
}

bool
closer_is(pid_t pid)
{
	return find(pid) != NULL;
}

bool
closer_reaped(pid_t pid)
{
	struct closer *closer = find(pid);

	if (closer == NULL)
		return false;
	fd_close(&closer->sock);
	closer->pid = 0;
	return true;
}
