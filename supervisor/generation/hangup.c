/* SPDX-License-Identifier: ISC */
/*
 * Turn by turn: the idle connections are searched for, and a child ends as many
 * of them as the time that is left asks for.  It is a child because closing a
 * program's socket may hang (base/foreign.h), and because it has to wait until
 * the program stands still.
 */
#include "generation/hangup.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/param.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "core/service.h"
#include "generation/connections.h"
#include "process/child.h"
#include "process/halt.h"
#include "process/reaper.h"
#include "process/remote.h"
#include "traffic/idle.h"

#define TURN_MS	 500
#define BATCHES	 2     /* in a turn; the program is halted for each */
#define HANGS_MS 10000 /* a child that lives for so long hangs */

/* What a child tells, in memory that it shares with us. */
struct told {
	size_t ended;
	int error;   /* the last one; 0: none */
	bool halted; /* the program, or it is about to be */
};

struct hangup {
	int64_t until; /* when the last one is due */
	struct told *told;
	struct idle_memory memory;
	bool complained;
	struct event *timer;
	pid_t child; /* of this turn; 0: none */
	int64_t child_ms;
};

static void
complain(struct generation *generation, const char *why)
{
	struct hangup *hangup = generation->hangup;

	if (!hangup->complained)
		log_warn("generation %u: --drain-idle: its idle connections "
			 "cannot be ended: %s; they have until the end of "
			 "--drain-timeout",
		    generation->number, why);
	hangup->complained = true;
}

/* THE CHILD */

/* What is to be done in one turn; the child has its own copy. */
struct work {
	const struct idle_connection *list;
	size_t n;
	const pid_t *pids; /* that may use the connections */
	size_t npids;
	struct told *told;
};

/* As the program stands still, nobody uses what is taken from it. */
static void
end_batch(
    const struct work *work, const struct halt *halt, size_t from, size_t to)
{
	const struct idle_connection *one;
	size_t i;
	int fd;

	work->told->halted = true;
	if (halt_begin(halt) == -1) {
		work->told->error = errno;
		work->told->halted = false;
		return;
	}
	for (i = from; i < to; i++) {
		one = &work->list[i];
		fd = remote_descriptor(one->pid, one->pid, one->number);
		if (fd == -1 && (errno == EPERM || errno == EACCES))
			work->told->error = errno;
		else if (fd != -1 && idle_end(&fd, one) == 1)
			work->told->ended++;
	}
	halt_end(halt);
	work->told->halted = false;
}

/*
 * It finishes its work also when the supervisor is killed, so that nothing
 * stands still for ever.
 */
static _Noreturn void
end_all(const struct work *work)
{
	const struct timespec rest = { .tv_nsec =
					   TURN_MS / BATCHES * 1000000L };
	struct halt halt;
	size_t i;

	if (child_arrange(NULL, 0, 0) == -1)
		_exit(EXIT_FAILURE);
	if (halt_open(&halt, work->pids, work->npids) == -1) {
		/* With EAGAIN the next turn tries again. */
		work->told->error = errno != EAGAIN ? errno : 0;
		_exit(EXIT_FAILURE);
	}
	for (i = 0; i < BATCHES; i++) {
		if (i > 0)
			nanosleep(&rest, NULL);
		end_batch(work, &halt, work->n * i / BATCHES,
		    work->n * (i + 1) / BATCHES);
	}
	_exit(EXIT_SUCCESS);
}

/* It was killed in the middle: nobody else lets the program go on. */
static void
go_on(struct generation *generation)
{
	const pid_t *pids;
	size_t n;

	if (generation->program == NULL ||
	    (pids = program_pids(generation->program, &n)) == NULL)
		return;
	halt_release(pids, n);
}

static void
child_ended(pid_t pid, int status, void *arg)
{
	struct generation *generation = arg;

	if (generation == NULL)
		return;
	generation->hangup->child = 0;
	if (generation->hangup->told->halted)
		go_on(generation);
	if (generation->hangup->told->error != 0)
		complain(generation, strerror(generation->hangup->told->error));
}

/* -1 with errno. */
static int
start_child(
    struct generation *generation, const struct idle_connection *list, size_t n)
{
	struct hangup *hangup = generation->hangup;
	struct work work = { .list = list, .n = n, .told = hangup->told };
	pid_t pid;

	work.pids = program_pids(generation->program, &work.npids);
	if (work.pids == NULL)
		return -1;
	if ((pid = child_fork_apart()) == 0)
		end_all(&work);
	if (pid == -1)
		return -1;
	if (reaper_watch(pid, child_ended, generation) == -1) {
		kill(pid, SIGKILL);
		return -1;
	}
	hangup->child = pid;
	hangup->child_ms = clock_ms();
	return 0;
}

/* TURNS */

/* How many of n are due in this turn. */
static size_t
due(const struct hangup *hangup, size_t n)
{
	int64_t turns = (hangup->until - clock_ms()) / TURN_MS;

	return turns <= 1 ? n : howmany(n, (size_t)turns);
}

static void
end_some(struct generation *generation)
{
	struct hangup *hangup = generation->hangup;
	struct idle_connection *list;
	size_t n = 0;

	if ((list = connections_idle(generation, &hangup->memory, &n)) ==
		NULL ||
	    (n > 0 && start_child(generation, list, due(hangup, n)) == -1))
		complain(generation, strerror(errno));
	free(list);
}

static void
take_turn(evutil_socket_t fd, short what, void *arg)
{
	struct generation *generation = arg;
	struct hangup *hangup = generation->hangup;
	struct timeval pause = clock_interval(TURN_MS);

	if (generation->program == NULL)
		return;
	if (hangup->child == 0)
		end_some(generation);
	else if (clock_ms() - hangup->child_ms > HANGS_MS)
		complain(generation, "the process that ends them hangs");
	evtimer_add(hangup->timer, &pause);
}

static struct hangup *
hangup_new(struct generation *generation)
{
	struct hangup *hangup = calloc(1, sizeof(*hangup));

	if (hangup == NULL)
		return NULL;
	hangup->told = mmap(NULL, sizeof(*hangup->told), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (hangup->told == MAP_FAILED) {
		free(hangup);
		return NULL;
	}
	hangup->timer =
	    evtimer_new(generation->service->base, take_turn, generation);
	if (hangup->timer == NULL) {
		munmap(hangup->told, sizeof(*hangup->told));
		free(hangup);
		return NULL;
	}
	return hangup;
}

void
hangup_begin(struct generation *generation, int64_t left_ms)
{
	struct timeval at_once = { 0 };
	struct hangup *hangup;

	if (generation->service->options->drain_idle_ms == 0 ||
	    generation->hangup != NULL || generation->program == NULL)
		return;
	if ((hangup = hangup_new(generation)) == NULL) {
		log_warn("generation %u: --drain-idle: %s; its idle "
			 "connections have until the end of --drain-timeout",
		    generation->number, strerror(errno));
		return;
	}
	hangup->until = clock_ms() + left_ms;
	generation->hangup = hangup;
	evtimer_add(hangup->timer, &at_once);
}

void
hangup_resume(struct generation *generation, int64_t until)
{
	if (until == 0)
		return;
	go_on(generation);
	hangup_begin(generation, MAX(until - clock_ms(), 0));
}

int64_t
hangup_until(const struct generation *generation)
{
	return generation->hangup != NULL ? generation->hangup->until : 0;
}

size_t
hangup_ended(const struct generation *generation)
{
	return generation->hangup != NULL ? generation->hangup->told->ended : 0;
}

void
hangup_stop(struct generation *generation)
{
	struct hangup *hangup = generation->hangup;

	if (hangup == NULL)
		return;
	if (hangup->child != 0) {
		reaper_watch(hangup->child, child_ended, NULL);
	}
	event_free(hangup->timer);
	munmap(hangup->told, sizeof(*hangup->told));
	idle_forget(&hangup->memory);
	free(hangup);
	generation->hangup = NULL;
}

int
hangup_count(struct generation *generation, unsigned int *silent_ms)
{
	struct hangup *hangup = generation->hangup;
	struct idle_memory *memory = hangup != NULL ? &hangup->memory : NULL;
	struct idle_connection *list;
	size_t n;

	*silent_ms = 0;
	if (generation->program == NULL)
		return 0;
	if ((list = connections_idle(generation, memory, &n)) == NULL)
		return -1;
	if (n > 0)
		*silent_ms = list[0].silent_ms;
	free(list);
	return (int)n;
}
