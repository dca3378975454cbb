/* SPDX-License-Identifier: ISC */
/*
 * The keeper.  Small enough to be right: it has no state but the store, the
 * supervisor's PID and the ends of children that nobody has been told of.
 */
#include "keep/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
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
#include "base/log.h"
#include "keep/depot.h"
#include "keep/upward.h"

#define ENDS_MAX      128  /* the latest ends of children that are kept */
#define FAILURES_MAX  10   /* in a row, before it said READY=1 */
#define BACKOFF_MS    50   /* doubled with each failure, */
#define BACKOFF_MAX   5000 /* up to here */
#define SHORT_LIFE_MS 100  /* after so many of them in a row, */
#define SHORT_LIVES   20
#define REST_MS	      1000 /* there is a rest */
#define MESSAGE_MAX   4096
#define LIST_MAX      65536 /* of our children */

/* Passed on; all others that end a process are left to do so. */
static const int passed[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1,
	SIGUSR2, SIGWINCH };
#define NPASSED (sizeof(passed) / sizeof(passed[0]))

struct end {
	pid_t pid;
	int status;
};

struct keeper {
	const char *title;
	struct depot depot;
	sigset_t signals;
	int signal_fd;
	int channel;	  /* to the supervisor */
	pid_t supervisor; /* 0: none runs */
	bool ready;	  /* it said so */
	bool stopping;	  /* it said so: its end is meant */
	bool ended;
	int status;
	int64_t started_ms;
	int64_t next_ms; /* when to start it again; 0: not to */
	unsigned int failures;
	unsigned int short_lives;
	bool pending[NPASSED]; /* signals for when it is ready */
	bool asked[NPASSED];   /* to stop, which a successor must hear too */
	struct end ends[ENDS_MAX];
	size_t nends; /* in all; kept are the last ENDS_MAX */
};

/* THE SUPERVISOR'S START */

/* In the child, which must not return. */
static _Noreturn void
become_supervisor(struct keeper *keeper, int channel)
{
	char *argv[] = { (char *)"hotswap", (char *)"--supervise",
		(char *)keeper->title, NULL };
	int exe = -1;

	sigprocmask(SIG_UNBLOCK, &keeper->signals, NULL);
	/* A terminal's signals come through us alone. */
	setpgid(0, 0);
	if (depot_put(&keeper->depot, KEEPER_CHANNEL, channel) == 0 &&
	    depot_hand_over(&keeper->depot, KEEPER_PROGRAM, &exe) == 0)
		fexecve(exe, argv, environ);
	log_error("cannot execute the supervisor: %s", strerror(errno));
	_exit(EXIT_FAILURE);
}

static void
tell_end(const struct keeper *keeper, const struct end *end)
{
	char text[64];
	int n = snprintf(
	    text, sizeof(text), "X_EXITED=%d %d\n", end->pid, end->status);

	/* Who does not read has pidfds to learn of it. */
	send(keeper->channel, text, n, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void
plan_start(struct keeper *keeper)
{
	int64_t wait = 0;

	if (keeper->failures > 0)
		wait = BACKOFF_MS << (keeper->failures - 1);
	else if (keeper->short_lives > SHORT_LIVES)
		wait = REST_MS;
	keeper->next_ms =
	    clock_ms() + (wait < BACKOFF_MAX ? wait : BACKOFF_MAX);
}

static bool
asks_to_stop(int number)
{
	return number == SIGTERM || number == SIGINT || number == SIGQUIT;
}

static bool
is_asked_to_stop(const struct keeper *keeper)
{
	size_t i;

	for (i = 0; i < NPASSED; i++)
		if (keeper->pending[i] && asks_to_stop(passed[i]))
			return true;
	return false;
}

/* No supervisor does what we are asked for: as little as can be is done. */
static void
end_programs(struct keeper *keeper)
{
	char path[64], *list, *rest, *word;
	pid_t pid;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	rest = list = fd_read_file(path, LIST_MAX, NULL);
	while (list != NULL && (word = strsep(&rest, " ")) != NULL)
		if ((pid = (pid_t)strtonum(word, 2, INT_MAX, NULL)) != 0)
			kill(pid, SIGTERM);
	free(list);
	log_error("asked to stop: the programs are ended without a supervisor");
	keeper->ended = true;
}

static void
start_failed(struct keeper *keeper, const char *how)
{
	if (++keeper->failures <= FAILURES_MAX) {
		plan_start(keeper);
		return;
	}
	keeper->next_ms = 0;
	if (is_asked_to_stop(keeper)) {
		end_programs(keeper);
		return;
	}
	log_error("the supervisor does not come up (%s): its %zu descriptors "
		  "are held and the programs go on, but nobody supervises "
		  "them; `kill -CONT %d` tries again, `kill %d` ends them",
	    how, keeper->depot.n, getpid(), getpid());
}

static int
start_supervisor(struct keeper *keeper)
{
	size_t i = keeper->nends > ENDS_MAX ? keeper->nends - ENDS_MAX : 0;
	int pair[2];

	keeper->next_ms = 0;
	keeper->ready = keeper->stopping = false;
	keeper->started_ms = clock_ms();
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1)
		return -1;
	keeper->supervisor = fork();
	if (keeper->supervisor == 0)
		become_supervisor(keeper, pair[1]);
	fd_close(&pair[1]);
	if (keeper->supervisor == -1) {
		keeper->supervisor = 0;
		fd_close(&pair[0]);
		return -1;
	}
	keeper->channel = pair[0];
	for (; i < keeper->nends; i++)
		tell_end(keeper, &keeper->ends[i % ENDS_MAX]);
	return 0;
}

/* WHAT THE SUPERVISOR SAYS */

static void
pass_signals(struct keeper *keeper)
{
	size_t i;

	for (i = 0; i < NPASSED && keeper->ready; i++) {
		if (!keeper->pending[i])
			continue;
		kill(keeper->supervisor, passed[i]);
		keeper->pending[i] = false;
		keeper->asked[i] = asks_to_stop(passed[i]);
	}
}

static void
pass_upward(const char *text)
{
	int sock = upward_open();

	if (sock != -1)
		fd_send(sock, text, strlen(text), NULL, 0);
	fd_close(&sock);
}

/* *Steals* the descriptors. */
static void
take_message(struct keeper *keeper, char *text, int *fds, size_t n)
{
	bool store = false, removes = false;
	const char *name = "stored";
	char *line;
	size_t i;

	if (strncmp(text, KEEPER_UPWARD, strlen(KEEPER_UPWARD)) == 0) {
		pass_upward(text + strlen(KEEPER_UPWARD));
		text = NULL;
	}
	while ((line = strsep(&text, "\n")) != NULL) {
		store |= strcmp(line, "FDSTORE=1") == 0;
		removes |= strcmp(line, "FDSTOREREMOVE=1") == 0;
		keeper->ready |= strcmp(line, "READY=1") == 0;
		keeper->stopping |= strcmp(line, "STOPPING=1") == 0;
		if (strncmp(line, "FDNAME=", strlen("FDNAME=")) == 0)
			name = line + strlen("FDNAME=");
	}
	if (removes)
		depot_remove(&keeper->depot, name);
	for (i = 0; i < n; i++)
		if (!store || depot_put(&keeper->depot, name, fds[i]) == -1)
			fd_close(&fds[i]);
	if (keeper->ready) {
		keeper->failures = 0;
		pass_signals(keeper);
	}
}

/* Everything that waits; false once the other end is closed. */
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
		if (len == -1)
			return errno != ECONNRESET;
		text[len] = '\0';
		take_message(keeper, text, fds, n);
	}
	return true;
}

/* WHAT HAPPENS TO CHILDREN */

static void
supervisor_ended(struct keeper *keeper, int status)
{
	bool was_short = clock_ms() - keeper->started_ms < SHORT_LIFE_MS;
	char how[64];
	size_t i;

	/* What it sent is ours to keep though it is no more. */
	if (keeper->channel != -1)
		read_channel(keeper);
	fd_close(&keeper->channel);
	keeper->supervisor = 0;
	keeper->status =
	    WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	if (keeper->stopping) {
		keeper->ended = true;
		return;
	}
	snprintf(how, sizeof(how), "%s %d",
	    WIFSIGNALED(status) ? "signal" : "exit status",
	    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	log_warn("the supervisor ended by itself (%s): starting it again", how);
	keeper->short_lives = was_short ? keeper->short_lives + 1 : 0;
	if (!keeper->ready)
		start_failed(keeper, how);
	else
		plan_start(keeper);
	keeper->ready = false;
	/* It may have died before it could do what it was asked for. */
	for (i = 0; i < NPASSED; i++)
		keeper->pending[i] |= keeper->asked[i];
}

static void
reap(struct keeper *keeper)
{
	struct end *end;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == keeper->supervisor) {
			supervisor_ended(keeper, status);
			continue;
		}
		end = &keeper->ends[keeper->nends++ % ENDS_MAX];
		*end = (struct end){ pid, status };
		if (keeper->channel != -1)
			tell_end(keeper, end);
	}
}

/*
 * A terminal's change of size, signal(7): nobody asked.  Its hang-up is for
 * the supervisor to tell, which looks whether the terminal is still there.
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
	/* First, so that no signal is wasted on one that is dead. */
	reap(keeper);
	if (is_resize(&info))
		return;
	for (i = 0; i < NPASSED; i++)
		keeper->pending[i] |= passed[i] == (int)info.ssi_signo;
	pass_signals(keeper);
	if (info.ssi_signo != SIGCHLD && keeper->supervisor == 0 &&
	    keeper->next_ms == 0)
		keeper->next_ms = clock_ms();
}

/* THE LOOP */

static int
time_left(const struct keeper *keeper)
{
	int64_t left = keeper->next_ms - clock_ms();

	if (keeper->next_ms == 0)
		return -1;
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
	if (keeper->next_ms != 0 && clock_ms() >= keeper->next_ms &&
	    start_supervisor(keeper) == -1)
		start_failed(keeper, strerror(errno));
}

static int
keeper_init(struct keeper *keeper, const struct keeper_item *items, size_t n)
{
	size_t i;
	int fd;

	/* Before anything is forked, so that no end is missed. */
	sigemptyset(&keeper->signals);
	sigaddset(&keeper->signals, SIGCHLD);
	sigaddset(&keeper->signals, SIGCONT); /* for ourselves: try again */
	for (i = 0; i < NPASSED; i++)
		sigaddset(&keeper->signals, passed[i]);
	sigprocmask(SIG_BLOCK, &keeper->signals, NULL);
	/* Ignored, as for a shell's background job, it would never come. */
	for (i = 0; i < NPASSED; i++)
		signal(passed[i], SIG_DFL);
	keeper->signal_fd = signalfd(-1, &keeper->signals, SFD_CLOEXEC);
	if (keeper->signal_fd == -1 ||
	    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == -1)
		return -1;
	for (i = 0; i < n; i++) {
		fd = items[i].fd;
		if (depot_put(&keeper->depot, items[i].name, fd) == -1)
			return -1;
	}
	return start_supervisor(keeper);
}

int
keeper_run(const char *title, const struct keeper_item *items, size_t n)
{
	struct keeper *keeper = calloc(1, sizeof(*keeper));
	int status = -1;

	if (keeper == NULL)
		return -1;
	keeper->title = title;
	keeper->signal_fd = keeper->channel = -1;
	if (keeper_init(keeper, items, n) == 0) {
		while (!keeper->ended)
			turn(keeper);
		status = keeper->status;
	}
	depot_fini(&keeper->depot);
	fd_close(&keeper->channel);
	fd_close(&keeper->signal_fd);
	free(keeper);
	return status;
}
