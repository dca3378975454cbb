/* SPDX-License-Identifier: ISC */
/*
 * Signals to the supervisor, through signalfd(2), which tells their sender.
 *
 * A terminal that closes sends HUP, and so do processes that learn of it: a
 * shell to its jobs, sudo(8) to its command.  A HUP of the kernel has si_code
 * SI_KERNEL.  Any other HUP is acted upon, if there is a terminal, only once it
 * is clear that the terminal still exists.
 */
#include "control/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/status.h"
#include "control/pidfiles.h"
#include "core/manager.h"
#include "core/service.h"
#include "generation/output.h"
#include "generation/retire.h"
#include "rollout/ending.h"
#include "rollout/request.h"

#define SETTLE_MS 500  /* by then a terminal that closes has gone */
#define AFTER_MS  2000 /* after that others pass on no hang-up */

struct signals {
	struct service *service;
	int fd;
	struct event *event;
	struct event *settle; /* pending: a HUP may be a hang-up */
	bool on_terminal;     /* we had a controlling terminal when last seen */
	int64_t gone_ms;      /* time of its loss; 0: never */
	uid_t sender;	      /* of the newest signal */
};

static void upgrade(struct signals *);
static void hang_up(struct signals *);
static void end_keep(struct signals *);
static void pass_on(struct signals *);
static void stop(struct signals *);
static void stop_now(struct signals *);

static const struct {
	int number;
	bool of_terminals; /* the kernel's are ignored: a terminal's */
	void (*act)(struct signals *);
} table[] = {
	{ SIGUSR2, false, upgrade },
	{ SIGHUP, true, hang_up },
	{ SIGWINCH, true, end_keep },
	{ SIGUSR1, false, pass_on },
	{ SIGQUIT, false, stop },
	{ SIGTERM, false, stop_now },
	{ SIGINT, false, stop_now },
};

#define NTABLE (sizeof(table) / sizeof(table[0]))

static void
begin_upgrade(struct signals *signals, const char *signal)
{
	struct service *service = signals->service;
	struct request request = { .kind = RELEASE_UPGRADE,
		.by = { signal, signals->sender } };
	char why[RELEASE_WHY];
	const char *key;

	if (request_begin(service, &request, &key, why, sizeof(why)) !=
	    REQUEST_BEGUN) {
		log_warn("%s: no upgrade: %s", signal, why);
		manager_refuse_reload(service->manager, why);
	}
}

static void
upgrade(struct signals *signals)
{
	begin_upgrade(signals, "SIGUSR2");
}

static void
turn_back_or_upgrade(struct signals *signals)
{
	const struct asker by = { "SIGHUP", signals->sender };
	struct service *service = signals->service;

	if (service->release.rollout.state != ROLLOUT_IDLE ||
	    service->parked != NULL)
		request_turn_back(service, &by);
	else
		begin_upgrade(signals, "SIGHUP");
}

/* Has our session a controlling terminal?  tty(4) */
static bool
has_terminal(void)
{
	int fd = open("/dev/tty", O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	bool has = fd != -1;

	fd_close(&fd);
	return has;
}

/* Whether the terminal is gone since a moment ago. */
static bool
terminal_goes(struct signals *signals)
{
	if (signals->on_terminal && !has_terminal()) {
		signals->on_terminal = false;
		signals->gone_ms = clock_ms();
		log_info("the terminal has gone; the service goes on");
	}
	return signals->gone_ms != 0 &&
	    clock_ms() - signals->gone_ms < AFTER_MS;
}

static void
settled(evutil_socket_t fd, short what, void *arg)
{
	struct signals *signals = arg;

	if (!terminal_goes(signals))
		turn_back_or_upgrade(signals);
}

static void
hang_up(struct signals *signals)
{
	struct timeval delay = clock_interval(SETTLE_MS);

	if (terminal_goes(signals))
		return;
	if (signals->on_terminal)
		evtimer_add(signals->settle, &delay);
	else
		turn_back_or_upgrade(signals);
}

static void
end_keep(struct signals *signals)
{
	if (signals->service->parked != NULL)
		retire_drain(signals->service->parked);
	else
		log_info("SIGWINCH: no generation is parked");
}

static void
pass_on(struct signals *signals)
{
	const struct generation *active = signals->service->active;

	log_reopen();
	output_reopen(signals->service);
	if (active == NULL || active->program == NULL ||
	    program_signal(active->program, SIGUSR1) == -1)
		log_warn("SIGUSR1: no program runs");
}

static void
stop(struct signals *signals)
{
	if (!pidfiles_take_quit(signals->service->pidfiles))
		ending_begin(signals->service, STATUS_OK, false);
}

static void
stop_now(struct signals *signals)
{
	ending_begin(signals->service, STATUS_OK, true);
}

static void
take(struct signals *signals, const struct signalfd_siginfo *info)
{
	size_t i;

	signals->sender = info->ssi_uid;
	for (i = 0; i < NTABLE; i++) {
		if ((uint32_t)table[i].number != info->ssi_signo)
			continue;
		if (table[i].of_terminals && info->ssi_code == SI_KERNEL)
			log_debug("SIG%s from the terminal",
			    sigabbrev_np(table[i].number));
		else
			table[i].act(signals);
	}
}

static void
on_signal(evutil_socket_t fd, short what, void *arg)
{
	struct signalfd_siginfo info;

	if (read(fd, &info, sizeof(info)) == sizeof(info))
		take(arg, &info);
}

struct signals *
signals_new(struct service *service)
{
	struct signals *signals = calloc(1, sizeof(*signals));
	sigset_t set;
	size_t i;

	if (signals == NULL)
		return NULL;
	signals->service = service;
	sigemptyset(&set);
	for (i = 0; i < NTABLE; i++)
		sigaddset(&set, table[i].number);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signals->on_terminal = has_terminal();
	signals->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals->fd != -1)
		signals->event = event_new(service->base, signals->fd,
		    EV_READ | EV_PERSIST, on_signal, signals);
	signals->settle = evtimer_new(service->base, settled, signals);
	if (signals->event != NULL && signals->settle != NULL &&
	    event_add(signals->event, NULL) == 0)
		return signals;
	signals_free(signals);
	return NULL;
}

void
signals_free(struct signals *signals)
{
	if (signals == NULL)
		return;
	if (signals->event != NULL)
		event_free(signals->event);
	if (signals->settle != NULL)
		event_free(signals->settle);
	fd_close(&signals->fd);
	free(signals);
}

void
signals_hand_on(pid_t to)
{
	sigset_t set;
	size_t i;

	sigpending(&set);
	for (i = 0; i < NTABLE; i++)
		if (sigismember(&set, table[i].number) == 1)
			kill(to, table[i].number);
}
