/* SPDX-License-Identifier: ISC */
/*
 * The keeper: its signals and its loop.  Its set of descriptors and what
 * legacy.h describes outlive the keeper's own program; the rest of its state is
 * about the next start of the supervisor and may be lost.
 */
#include "keep/keeper.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/foreign.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/partner.h"
#include "keep/fdset.h"
#include "keep/keeper_parts.h"

#define MESSAGE_MAX 4096
#define AGAIN_MS    200	 /* until waitpid(2) is called again after a failure */
#define CLOSING_MS  1000 /* for what a dead supervisor had open to be closed */

/*
 * The signals that are passed on to the supervisor.  Every other signal has its
 * default effect on the keeper.
 */
static const int passed[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1,
	SIGUSR2, SIGWINCH };
#define NPASSED (sizeof(passed) / sizeof(passed[0]))

/* MESSAGES OF THE SUPERVISOR */

void
keeper_pass_signals(struct keeper *keeper)
{
	struct legacy *legacy = &keeper->legacy;
	size_t i;

	for (i = 0; i < NPASSED && legacy->ready; i++) {
		if (sigismember(&legacy->pending, passed[i]) != 1)
			continue;
		kill(legacy->supervisor, passed[i]);
		sigdelset(&legacy->pending, passed[i]);
		if (keeper_asks_to_stop(passed[i]))
			sigaddset(&legacy->asked, passed[i]);
	}
}

/* Handle all waiting messages; false once the other end is closed. */
static bool
read_channel(struct keeper *keeper)
{
	struct pollfd poll_fd = { keeper->channel, POLLIN, 0 };
	char text[MESSAGE_MAX + 1];
	int fds[FD_PASS_MAX];
	size_t n;
	ssize_t len;

	while (poll(&poll_fd, 1, 0) == 1) {
		n = FD_PASS_MAX;
		len = fd_receive(
		    keeper->channel, text, MESSAGE_MAX, fds, &n, NULL);
		if (len == 0)
			return false;
		/*
		 * A peer that dies with unread messages causes ECONNRESET once;
		 * the messages that it sent can still be read.
		 */
		if (len == -1 && errno == ECONNRESET)
			continue;
		if (len == -1)
			return true;
		text[len] = '\0';
		keeper_hear(keeper, text, fds, n);
	}
	return true;
}

/*
 * Its partner closes what it had open, and our channel as one of the last: a
 * successor must not meet sockets that it takes for closed.
 */
static void
await_closing(const struct keeper *keeper)
{
	int64_t end = clock_ms() + CLOSING_MS, left;
	struct pollfd poll_fd = { keeper->channel, POLLRDHUP, 0 };

	while ((left = end - clock_ms()) > 0 &&
	    poll(&poll_fd, 1, (int)left) == -1 && errno == EINTR)
		continue;
}

/* CHILDREN */

static void
supervisor_ended(struct keeper *keeper, int status)
{
	struct legacy *legacy = &keeper->legacy;

	/* Messages that it sent before its death still count. */
	if (keeper->channel != -1) {
		await_closing(keeper);
		read_channel(keeper);
	}
	fd_close(&keeper->channel);
	legacy->supervisor = 0;
	keeper->status =
	    WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	if (legacy->stopping) {
		keeper->ended = true;
		return;
	}
	if (keeper->replacing)
		keeper->next_ms = clock_ms();
	else
		keeper_start_another(keeper, status);
	keeper->replacing = legacy->ready = false;
	/* It may have died before it acted on a request to stop. */
	sigorset(&legacy->pending, &legacy->pending, &legacy->asked);
}

static void
reap(struct keeper *keeper)
{
	const struct legacy_end *end;
	int status;
	pid_t pid;

	keeper->reap_ms = 0;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == keeper->legacy.supervisor) {
			supervisor_ended(keeper, status);
			continue;
		}
		if (foreign_reaped(pid))
			continue;
		end = legacy_add(&keeper->legacy, pid, status);
		if (keeper->channel != -1)
			keeper_tell_end(keeper, end);
	}
	if (pid == -1 && errno != ECHILD)
		keeper->reap_ms = clock_ms() + AGAIN_MS;
}

/*
 * A terminal's change of size, signal(7), which is no request.  The supervisor
 * itself handles the terminal's hang-up: it checks if the terminal is still
 * there.
 */
static bool
is_resize(const struct signalfd_siginfo *info)
{
	return info->ssi_signo == SIGWINCH && info->ssi_code == SI_KERNEL;
}

static void
take_signal(struct keeper *keeper)
{
	struct signalfd_siginfo info;
	size_t i;

	if (read(keeper->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	/* First, so that no signal is sent to a dead supervisor. */
	reap(keeper);
	if (is_resize(&info))
		return;
	for (i = 0; i < NPASSED; i++)
		if (passed[i] == (int)info.ssi_signo)
			sigaddset(&keeper->legacy.pending, passed[i]);
	keeper_pass_signals(keeper);
	if (info.ssi_signo != SIGCHLD && keeper->legacy.supervisor == 0 &&
	    keeper->next_ms == 0)
		keeper->next_ms = clock_ms();
}

/* THE LOOP */

static bool
is_past(int64_t deadline)
{
	return deadline != 0 && clock_ms() >= deadline;
}

static int64_t
sooner(int64_t a, int64_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

static int
time_left(const struct keeper *keeper)
{
	int64_t until = sooner(
		    sooner(keeper->next_ms, keeper->trial_ms), keeper->reap_ms),
		left;

	if (until == 0)
		return -1;
	left = until - clock_ms();
	return left > 0 ? (int)left : 0;
}

static void
turn(struct keeper *keeper)
{
	struct pollfd fds[] = { { keeper->signal_fd, POLLIN, 0 },
		{ keeper->channel, POLLIN, 0 } };

	if (poll(fds, 2, time_left(keeper)) == -1)
		return;
	if (fds[1].revents != 0 && !read_channel(keeper))
		fd_close(&keeper->channel);
	if (fds[0].revents != 0)
		take_signal(keeper);
	if (is_past(keeper->reap_ms))
		reap(keeper);
	if (is_past(keeper->trial_ms))
		keeper_expire_trial(keeper);
	if (is_past(keeper->next_ms) && keeper_start(keeper) == -1)
		keeper_start_failed(keeper, strerror(errno));
	if (keeper->renewing)
		keeper_renew(keeper);
}

int
keeper_open_signals(struct keeper *keeper)
{
	keeper->signal_fd = signalfd(-1, &keeper->signals, SFD_CLOEXEC);
	return keeper->signal_fd != -1 ? 0 : -1;
}

static int
begin(struct keeper *keeper)
{
	size_t i;

	/* Before the first fork, so that no end of a child is missed. */
	sigemptyset(&keeper->signals);
	sigaddset(&keeper->signals, SIGCHLD);
	sigaddset(&keeper->signals,
	    SIGCONT); /* not passed on: start the supervisor */
	for (i = 0; i < NPASSED; i++)
		sigaddset(&keeper->signals, passed[i]);
	if (sigprocmask(SIG_BLOCK, &keeper->signals, NULL) == -1)
		return -1;
	/*
	 * signalfd(2) never gets an ignored signal, and a shell ignores some
	 * for its background jobs.
	 */
	for (i = 0; i < NPASSED; i++)
		signal(passed[i], SIG_DFL);
	if (keeper_open_signals(keeper) == -1)
		return -1;
	partner_start();
	return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

static int
begin_anew(struct keeper *keeper, const struct keeper_item *items, size_t n)
{
	size_t i;
	int fd;

	if (begin(keeper) == -1)
		return -1;
	for (i = 0; i < n; i++) {
		fd = items[i].fd;
		if (fdset_put(&keeper->fdset, items[i].name, fd) == -1)
			return -1;
	}
	return keeper_start(keeper);
}

static int
begin_again(struct keeper *keeper)
{
	struct fdset *fdset = &keeper->fdset;
	int record;

	if (fdset_receive(fdset) == -1)
		return -1;
	record = fdset_take(fdset, KEEPER_LEGACY);
	if (record == -1 || legacy_read(&keeper->legacy, record) == -1)
		return -1;
	fd_close(&record);
	log_open(keeper->legacy.title, keeper->legacy.log_format);
	keeper->channel = fdset_take(fdset, KEEPER_LEGACY_CHANNEL);
	if (begin(keeper) == -1)
		return -1;
	if (keeper->channel != -1)
		keeper_tell_program(keeper);
	if (keeper->legacy.supervisor == 0)
		keeper->next_ms = clock_ms();
	keeper->came_up = true;
	reap(keeper);
	return 0;
}

static struct keeper *
keeper_new(const char *title)
{
	struct keeper *keeper = calloc(1, sizeof(*keeper));

	if (keeper == NULL)
		return NULL;
	legacy_init(&keeper->legacy, title);
	keeper->signal_fd = keeper->channel = keeper->previous = -1;
	return keeper;
}

/* *Steals* the keeper; begun is the result of begin_anew or begin_again. */
static int
keep(struct keeper *keeper, int begun)
{
	int status = -1;

	if (begun == 0) {
		while (!keeper->ended)
			turn(keeper);
		status = keeper->status;
	}
	fdset_fini(&keeper->fdset);
	fd_close(&keeper->previous);
	fd_close(&keeper->channel);
	fd_close(&keeper->signal_fd);
	free(keeper);
	if (begun == 0)
		foreign_leave();
	return status;
}

int
keeper_run(const char *title, const struct keeper_item *items, size_t n)
{
	struct keeper *keeper = keeper_new(title);

	if (keeper == NULL)
		return -1;
	limits_raise();
	return keep(keeper, begin_anew(keeper, items, n));
}

bool
keeper_is_replaced(void)
{
	return fdset_is_given(KEEPER_LEGACY);
}

int
keeper_go_on(void)
{
	struct keeper *keeper = keeper_new("");
	int begun;

	if (keeper == NULL)
		return -1;
	limits_raise();
	begun = begin_again(keeper);
	if (begun == -1)
		log_error(
		    "the keeper cannot start a supervisor for what runs: %s",
		    strerror(errno));
	return keep(keeper, begun);
}
