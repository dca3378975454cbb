/* SPDX-License-Identifier: ISC */
/*
 * How a generation retires: parked, drained, stopped, retired.  Connections are
 * counted only while it drains.
 */
#include "generation/recheck.h"
#include "generation/retire.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "core/events.h"
#include "core/program_signals.h"
#include "core/service.h"
#include "core/state.h"
#include "generation/closing.h"
#include "generation/connections.h"
#include "generation/drained.h"
#include "generation/hangup.h"
#include "generation/health.h"
#include "generation/prune.h"
#include "generation/steering.h"
#include "traffic/grace.h"

#define LOOK_FIRST_MS	10
#define LOOK_LONGEST_MS 250
#define QUIET_LOOKS	3 /* with no connection, in a row: drained */
#define LEAVE_MS	1000
#define HANDSHAKE_MS	3000 /* for the rest of a handshake: a client far away */
#define ENDLESS_MS	(INT64_MAX / 4)

enum retire_stage {
	STAGE_EMPTYING,
	STAGE_PARKED,
	STAGE_DRAINING,
	STAGE_STOPPING,
	STAGE_LEAVING, /* its flows have moved; its queue is read */
	STAGES
};

struct retirement {
	enum retire_stage stage;
	int64_t deadline; /* of the stage */
	int64_t shaken;	  /* from then on handshakes are not waited for */
	unsigned int look_ms;
	unsigned int quiet;
	struct event *timer;
	int signal;	     /* for the program */
	struct grace *grace; /* before the program gets the signal */
};

static void retire_look(evutil_socket_t, short, void *);

static void
retire_schedule(struct generation *generation, int64_t ms)
{
	struct timeval delay = clock_interval(ms);

	evtimer_add(generation->retirement->timer, &delay);
}

static void
retire_enter(struct generation *generation, enum retire_stage stage, int64_t ms)
{
	struct retirement *retirement = generation->retirement;

	retirement->stage = stage;
	retirement->deadline = clock_ms() + ms;
	retirement->look_ms = LOOK_FIRST_MS;
	retirement->quiet = 0;
	state_changed(generation->service);
}

/* Begin to retire.  -1 with errno. */
static int
set_out(struct generation *generation)
{
	struct retirement *retirement = generation->retirement;

	if (retirement != NULL)
		return 0;
	if ((retirement = calloc(1, sizeof(*retirement))) == NULL)
		return -1;
	retirement->timer =
	    evtimer_new(generation->service->base, retire_look, generation);
	if (retirement->timer == NULL) {
		free(retirement);
		return -1;
	}
	generation->retirement = retirement;
	if (generation->program != NULL)
		program_watch_off(generation->program);
	recheck_end(generation);
	health_end(generation);
	return 0;
}

static void
stop_program(struct generation *generation, int signal)
{
	struct program_stop stop = { signal,
		program_signals(generation).stop_timeout_ms };

	program_stop(generation->program, &stop);
}

/* The kernel has done with its sockets: the program may shut them down. */
static void
grace_over(void *arg)
{
	struct generation *generation = arg;
	struct retirement *retirement = generation->retirement;

	grace_free(retirement->grace);
	retirement->grace = NULL;
	stop_program(generation, retirement->signal);
}

/* Must the program wait for its signal? */
static bool
has_grace(struct generation *generation, int signal)
{
	struct retirement *retirement = generation->retirement;

	if (retirement == NULL)
		return false;
	retirement->signal = signal;
	if (retirement->grace == NULL)
		retirement->grace = grace_begin(
		    generation->service->base, grace_over, generation);
	return retirement->grace != NULL;
}

static void
stop_with(struct generation *generation, int signal)
{
	bool hidden;

	if (generation->program == NULL)
		return;
	evtimer_del(generation->backoff);
	hidden = steering_prepare_leave(generation);
	state_commit(generation->service);
	if (!hidden || !has_grace(generation, signal))
		stop_program(generation, signal);
}

/* Nothing was found for QUIET_LOOKS looks in a row. */
static bool
is_quiet(struct retirement *retirement, bool nothing)
{
	retirement->quiet = nothing ? retirement->quiet + 1 : 0;
	return retirement->quiet >= QUIET_LOOKS;
}

/*
 * Its accept queue is empty and stays so: connections that were in the
 * handshake when it was steered away have arrived.  Now --park-signal may be
 * sent.
 */
static void
look_at_queue(struct generation *generation)
{
	struct retirement *retirement = generation->retirement;
	int signal = program_signals(generation).park;

	if (!is_quiet(retirement, steering_queued(generation) == 0) &&
	    clock_ms() < retirement->deadline)
		return;
	if (signal != 0)
		program_signal(generation->program, signal);
	retirement->stage = STAGE_PARKED;
	retire_schedule(generation, retirement->deadline - clock_ms());
}

static void
stop_now(struct generation *generation)
{
	retire_enter(generation, STAGE_STOPPING, 0);
	stop_with(generation, program_signals(generation).stop);
}

static void
look_at_connections(struct generation *generation)
{
	struct retirement *retirement = generation->retirement;
	bool late = clock_ms() >= retirement->deadline;
	int queued = steering_queued(generation);
	bool quiet = queued == 0;
	int connections = 0, handshakes = 0, error = 0;

	if (drained_is_deserted(generation, queued)) {
		stop_now(generation);
		return;
	}

	/*
	 * For counting the kernel goes through all connections of the machine:
	 * if there were none before, count only at the last look.
	 */
	if (generation->crowded || late ||
	    retirement->quiet + 1 >= QUIET_LOOKS) {
		connections = connections_count(generation, &handshakes);
		error = errno;
		quiet &= connections == 0 &&
		    (handshakes == 0 || clock_ms() >= retirement->shaken);
	}
	/* Connections that cannot be counted get the whole time. */
	if (!is_quiet(retirement, quiet) && !late)
		return;
	drained_tell(generation, connections, error);
	if (steering_flows(generation) == 0) {
		stop_now(generation);
		return;
	}
	steering_prepare_leave(generation);
	retire_enter(generation, STAGE_LEAVING, LEAVE_MS);
}

/* No datagram comes any more, and none is lost with the queues. */
static void
look_at_rest(struct generation *generation)
{
	struct retirement *retirement = generation->retirement;

	if (is_quiet(retirement, steering_queued(generation) == 0) ||
	    clock_ms() >= retirement->deadline)
		stop_now(generation);
}

static void (*const looks[STAGES])(struct generation *) = {
	[STAGE_EMPTYING] = look_at_queue,
	[STAGE_DRAINING] = look_at_connections,
	[STAGE_LEAVING] = look_at_rest,
};

/* One look at a generation that retires; the stage says what is looked at. */
static void
retire_look(evutil_socket_t fd, short what, void *arg)
{
	struct generation *generation = arg;
	struct retirement *retirement = generation->retirement;
	void (*look)(struct generation *);

	if (retirement->stage == STAGE_PARKED) {
		retire_drain(generation);
		return;
	}
	look = looks[retirement->stage];
	if (look != NULL)
		look(generation);
	if (looks[retirement->stage] ==
	    NULL) /* a stage without looks follows */
		return;
	retire_schedule(generation, retirement->look_ms);
	/* After a look that found nothing the next one comes soon. */
	if (retirement->quiet == 0 && retirement->look_ms < LOOK_LONGEST_MS)
		retirement->look_ms *= 2;
	else if (retirement->quiet > 0)
		retirement->look_ms = LOOK_FIRST_MS;
}

void
retire_park(struct generation *generation)
{
	generation->role = ROLE_PARKED;
	if (set_out(generation) == -1) {
		retire_now(generation);
		return;
	}
	retire_enter(
	    generation, STAGE_EMPTYING, generation->service->options->keep_ms);
	retire_schedule(generation, LOOK_FIRST_MS);
}

static void
forget(struct generation *generation)
{
	if (generation->retirement == NULL)
		return;
	hangup_stop(generation);
	grace_free(generation->retirement->grace);
	event_free(generation->retirement->timer);
	free(generation->retirement);
	generation->retirement = NULL;
}

void
retire_unpark(struct generation *generation)
{
	forget(generation);
	program_watch_on(generation->program);
}

static int64_t
drain_ms(const struct options *options)
{
	return options->drain_timeout_ms == OPTION_ENDLESS
	    ? ENDLESS_MS
	    : options->drain_timeout_ms;
}

void
retire_drain(struct generation *generation)
{
	struct service *service = generation->service;

	if (service->parked == generation)
		service->parked = NULL;
	if (generation->role != ROLE_FAILED)
		generation->role = ROLE_DRAINING;
	if (set_out(generation) == -1) {
		retire_now(generation);
		return;
	}
	retire_enter(generation, STAGE_DRAINING, drain_ms(service->options));
	generation->retirement->shaken = clock_ms() + HANDSHAKE_MS;
	hangup_begin(generation, service->options->drain_idle_ms);
	retire_schedule(generation, LOOK_FIRST_MS);
}

static void
stop_early(struct generation *generation, int signal)
{
	struct service *service = generation->service;

	if (service->parked == generation)
		service->parked = NULL;
	if (generation->role != ROLE_FAILED)
		generation->role = ROLE_DRAINING;
	if (set_out(generation) == 0) {
		evtimer_del(generation->retirement->timer);
		retire_enter(generation, STAGE_STOPPING, 0);
	}
	stop_with(generation, signal);
}

void
retire_stop(struct generation *generation)
{
	stop_early(generation, program_signals(generation).stop);
}

void
retire_now(struct generation *generation)
{
	stop_early(generation, SIGTERM);
}

void
retire_finish(struct generation *generation)
{
	struct service *service = generation->service;

	forget(generation);
	if (generation->role != ROLE_FAILED)
		generation->role = ROLE_RETIRED;
	generation_close(generation);
	events_emit(service, "retired", generation, "has ended");
	prune_generations(service);
}

int64_t
retire_deadline(const struct generation *generation)
{
	const struct retirement *retirement = generation->retirement;

	if (retirement == NULL || retirement->stage == STAGE_STOPPING ||
	    retirement->deadline >= ENDLESS_MS)
		return 0;
	return retirement->deadline;
}

bool
retire_is_stopping(const struct generation *generation)
{
	return generation->retirement != NULL &&
	    generation->retirement->stage == STAGE_STOPPING;
}

json_t *
retire_save(const struct generation *generation)
{
	const struct retirement *retirement = generation->retirement;
	enum retire_stage stage;

	if (retirement == NULL)
		return NULL;
	stage = retirement->stage;
	/* An older hotswap does not know that stage. */
	if (stage == STAGE_LEAVING)
		stage = STAGE_DRAINING;
	return json_pack("{si sI sI}", "stage", (int)stage, "deadline",
	    (json_int_t)retirement->deadline, "hangup",
	    (json_int_t)hangup_until(generation));
}

/* The stop was under way or due: stop it again. */
static void
stop_again(struct generation *generation)
{
	if (generation->program != NULL)
		retire_stop(generation);
}

void
retire_restore(struct generation *generation, const json_t *saved)
{
	int64_t left;
	int stage;

	stage = (int)json_integer_value(json_object_get(saved, "stage"));
	if (saved == NULL || stage < 0 || stage >= STAGE_STOPPING ||
	    set_out(generation) == -1) {
		stop_again(generation);
		return;
	}
	left =
	    json_integer_value(json_object_get(saved, "deadline")) - clock_ms();
	if (left < 0)
		left = 0;
	retire_enter(generation, stage, left);
	hangup_resume(
	    generation, json_integer_value(json_object_get(saved, "hangup")));
	retire_schedule(
	    generation, stage == STAGE_PARKED ? left : LOOK_FIRST_MS);
}
