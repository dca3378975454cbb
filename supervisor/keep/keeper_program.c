/* SPDX-License-Identifier: ISC */
/*
 * Which program the supervisor runs, and when it is started: the back-off, the
 * trial of a new program, and the keeper's own renewal after it.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/foreign.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/status.h"
#include "keep/fdset.h"
#include "keep/inplace.h"
#include "keep/keeper.h"
#include "keep/keeper_parts.h"

#define FAILURES_MAX  10   /* in a row, before READY=1 */
#define FAILURES_FEW  3	   /* the same, if asked to stop, or nothing runs */
#define BACKOFF_MS    50   /* doubled with each failure, */
#define BACKOFF_MAX   5000 /* up to this */
#define SHORT_LIFE_MS 100  /* after SHORT_LIVES of them in a row, */
#define SHORT_LIVES   20
#define REST_MS	      1000 /* the keeper waits so long */
#define TRIAL_MS      5000 /* for a new program to say READY=1 */

/* START */

/* Runs in the child. */
static _Noreturn void
become_supervisor(struct keeper *keeper, int channel)
{
	char *argv[] = { (char *)"hotswap", (char *)"--supervise",
		(char *)keeper->legacy.title, NULL };
	int exe = fdset_take(&keeper->fdset, KEEPER_PROGRAM);

	sigprocmask(SIG_UNBLOCK, &keeper->signals, NULL);
	/* The terminal's signals reach the supervisor only by the keeper. */
	setpgid(0, 0);
	if (fdset_put(&keeper->fdset, KEEPER_CHANNEL, channel) == 0 &&
	    fdset_hand_over(&keeper->fdset, &exe, 1) == 0)
		fexecve(exe, argv, environ);
	log_error("cannot execute the supervisor: %s", strerror(errno));
	_exit(EXIT_FAILURE);
}

static void __attribute__((format(printf, 2, 3)))
say(const struct keeper *keeper, const char *fmt, ...)
{
	char text[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	/* A supervisor that misses this message has pidfds of its programs. */
	send(keeper->channel, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL);
}

void
keeper_tell_end(const struct keeper *keeper, const struct legacy_end *end)
{
	say(keeper, "X_EXITED=%d %d\n", end->pid, end->status);
}

void
keeper_tell_program(const struct keeper *keeper)
{
	struct stat st;

	if (stat("/proc/self/exe", &st) == 0)
		say(keeper, "X_KEEPER=%llu %llu\n",
		    (unsigned long long)st.st_dev,
		    (unsigned long long)st.st_ino);
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

bool
keeper_asks_to_stop(int number)
{
	return number == SIGTERM || number == SIGINT || number == SIGQUIT;
}

static bool
is_asked_to_stop(const struct keeper *keeper)
{
	int number;

	for (number = 1; number < NSIG; number++)
		if (sigismember(&keeper->legacy.pending, number) == 1 &&
		    keeper_asks_to_stop(number))
			return true;
	return false;
}

static bool
has_programs(void)
{
	pid_t *children = proc_children(PROC_SELF, getpid());
	bool has = children == NULL;
	size_t i;

	for (i = 0; children != NULL && children[i] != 0; i++)
		has |= !foreign_is_closer(children[i]);
	free(children);
	return has;
}

/* Nothing has begun that could be held. */
static void
give_up(struct keeper *keeper, const char *how)
{
	log_error("the supervisor does not come up (%s), and no program runs: "
		  "the keeper ends",
	    how);
	keeper->status = STATUS_SOFTWARE;
	keeper->ended = true;
}

/* No supervisor can stop the service: end all children instead. */
static void
end_programs(struct keeper *keeper)
{
	pid_t *children = proc_children(PROC_SELF, getpid());
	size_t i;

	for (i = 0; children != NULL && children[i] != 0; i++)
		kill(children[i], SIGTERM);
	free(children);
	log_error("somebody asked to stop, and no supervisor comes up: the "
		  "keeper ends the programs itself");
	keeper->ended = true;
}

void
keeper_start_failed(struct keeper *keeper, const char *how)
{
	bool asked = is_asked_to_stop(keeper);
	bool begun = keeper->came_up || has_programs();
	unsigned int most = asked || !begun ? FAILURES_FEW : FAILURES_MAX;

	if (++keeper->failures <= most) {
		plan_start(keeper);
		return;
	}
	keeper->next_ms = 0;
	if (asked) {
		end_programs(keeper);
		return;
	}
	if (!begun) {
		give_up(keeper, how);
		return;
	}
	log_error("the supervisor does not come up (%s): its %zu descriptors "
		  "are held and the programs go on, but nobody supervises "
		  "them; `kill -CONT %d` tries again, `kill %d` ends them",
	    how, keeper->fdset.n, getpid(), getpid());
}

int
keeper_start(struct keeper *keeper)
{
	struct legacy *legacy = &keeper->legacy;
	const struct legacy_end *end;
	int pair[2];
	size_t i;

	keeper->next_ms = 0;
	legacy->ready = legacy->stopping = false;
	keeper->started_ms = clock_ms();
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1)
		return -1;
	legacy->supervisor = fork();
	if (legacy->supervisor == 0)
		become_supervisor(keeper, pair[1]);
	fd_close(&pair[1]);
	if (legacy->supervisor == -1) {
		legacy->supervisor = 0;
		fd_close(&pair[0]);
		return -1;
	}
	keeper->channel = pair[0];
	if (keeper->previous != -1)
		keeper->trial_ms = keeper->started_ms + TRIAL_MS;
	for (i = 0; (end = legacy_get(legacy, i)) != NULL; i++)
		keeper_tell_end(keeper, end);
	if (keeper->setback[0] != '\0')
		say(keeper, "X_REEXEC_FAILED=%s\n", keeper->setback);
	keeper_tell_program(keeper);
	return 0;
}

/* ANOTHER PROGRAM */

void
keeper_begin_trial(struct keeper *keeper)
{
	int next = fdset_take(&keeper->fdset, KEEPER_NEXT);

	if (next == -1)
		return;
	fd_close(&keeper->previous);
	keeper->previous = fdset_take(&keeper->fdset, KEEPER_PROGRAM);
	if (fdset_put(&keeper->fdset, KEEPER_PROGRAM, next) == -1)
		fd_close(&next);
	keeper->replacing = true;
	keeper->setback[0] = '\0';
	/* Signals that arrive from here on are kept for the new program. */
	keeper->legacy.ready = false;
}

static void
end_trial(struct keeper *keeper, const char *why)
{
	log_error("the new hotswap does not come up (%s): the keeper runs the "
		  "old one again",
	    why);
	strlcpy(keeper->setback, why, sizeof(keeper->setback));
	if (fdset_put(&keeper->fdset, KEEPER_PROGRAM, keeper->previous) == 0)
		keeper->previous = -1;
	keeper->trial_ms = 0;
	keeper->next_ms = clock_ms();
}

void
keeper_expire_trial(struct keeper *keeper)
{
	keeper->trial_ms = 0;
	kill(keeper->legacy.supervisor, SIGKILL);
}

void
keeper_pass_trial(struct keeper *keeper)
{
	keeper->trial_ms = 0;
	keeper->renewing = true;
	fd_close(&keeper->previous);
}

void
keeper_renew(struct keeper *keeper)
{
	struct fdset *fdset = &keeper->fdset;
	int exe = fdset_dup(fdset, KEEPER_PROGRAM), record;
	const char *why;

	keeper->renewing = false;
	keeper->legacy.log_format = log_format();
	record = legacy_write(&keeper->legacy);
	if (exe != -1 && fdset_put(fdset, KEEPER_LEGACY, record) == 0 &&
	    fdset_put(fdset, KEEPER_LEGACY_CHANNEL, keeper->channel) == 0) {
		fd_close(&keeper->signal_fd);
		inplace_exec(fdset, exe, -1);
		keeper->channel = fdset_take(fdset, KEEPER_LEGACY_CHANNEL);
		keeper_open_signals(keeper);
	}
	why = strerror(errno);
	fdset_remove(fdset, KEEPER_LEGACY);
	log_error(
	    "the keeper cannot execute the new hotswap and goes on as the "
	    "old one: %s",
	    why);
	say(keeper, "X_REEXEC_FAILED=the keeper: %s\n", why);
}

void
keeper_start_another(struct keeper *keeper, int status)
{
	bool was_short = clock_ms() - keeper->started_ms < SHORT_LIFE_MS;
	char how[64];

	snprintf(how, sizeof(how), "%s %d",
	    WIFSIGNALED(status) ? "signal" : "exit status",
	    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	if (keeper->previous != -1) {
		end_trial(keeper, how);
		return;
	}
	log_warn("the supervisor ended by itself (%s): starting it again", how);
	keeper->short_lives = was_short ? keeper->short_lives + 1 : 0;
	if (!keeper->legacy.ready)
		keeper_start_failed(keeper, how);
	else
		plan_start(keeper);
}
