/* SPDX-License-Identifier: ISC */
/*
 * One loop.  Everything that must outlive the agent is in the store, in the
 * supervisor's history and in a small file that remembers the newest rollout
 * that this host took part in: a store with an older one was wiped, or restored
 * from an old copy, and is not obeyed.
 */
#include "fleet/agent.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/status.h"
#include "fleet/conf.h"
#include "fleet/local.h"
#include "fleet/memory.h"
#include "fleet/moves.h"
#include "fleet/release.h"

#define READ_MS	 60000 /* the latest time until the keys are read again */
#define LOOK_MS	 5000  /* from one look at the service to the next */
#define AWAY_MS	 30000 /* until a supervisor that is away is a failure */
#define TURN_MS	 200   /* from one look at the fetch to the next */
#define RETRY_MS 1000  /* after the store did not answer, and up to five */

struct agent {
	const struct conf *conf;
	const struct agent_options *options;
	struct store *store;
	struct memory memory;
	char alive[NAMES_MAX + 16];  /* key */
	char release[NAMES_MAX + 1]; /* that serves; "": not known */
	char trouble[512];	     /* that was logged last; "": none */
};

/* Log a trouble once, until it is over. */
static void __attribute__((format(printf, 2, 3)))
complain(struct agent *agent, const char *fmt, ...)
{
	char text[sizeof(agent->trouble)];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (strcmp(text, agent->trouble) != 0)
		log_warn("%s", text);
	strlcpy(agent->trouble, text, sizeof(agent->trouble));
}

static void
trouble_over(struct agent *agent)
{
	if (agent->trouble[0] != '\0')
		log_info("the store answers again");
	agent->trouble[0] = '\0';
}

static void
keep_alive(struct agent *agent)
{
	if (store_keep_alive(agent->store, agent->alive, "{}") == -1)
		complain(agent,
		    "the store: %s; the service serves on, and the "
		    "agent tries again",
		    store_why(agent->store));
}

/* Not all agents come back at the same moment. */
static void
rest_a_while(void)
{
	poll(NULL, 0, (int)(RETRY_MS + arc4random_uniform(4 * RETRY_MS)));
}

static void
call_id(const struct agent *agent, const struct host *host, char id[static 64])
{
	snprintf(id, 64, "fleet.%" PRId64 ".%s.%" PRId64, host->n,
	    agent->memory.token, host->attempt);
}

/* CARRYING OUT A ROLLOUT */

/* Bring the release.  False with why. */
static bool
bring(struct agent *agent, const struct host *host, const char *sha256,
    const char *exe, char *why, size_t size)
{
	const char *fetch = agent->options->fetch;
	int r = 1;

	if (fetch != NULL) {
		log_info(
		    "rollout %" PRId64 ": fetching %s", host->n, host->target);
		if (release_fetch(fetch, host->target, why, size) == -1)
			return false;
		while ((r = release_fetched(why, size)) == 0) {
			keep_alive(agent);
			poll(NULL, 0, TURN_MS);
		}
	}
	return r == 1 && release_check(exe, sha256, why, size) == 0;
}

/* Wait for the outcome of a call that was begun, and keep the lease. */
static void
wait_for_outcome(struct agent *agent, const char *id, const char *exe,
    struct local_outcome *outcome)
{
	int64_t away = 0, turn = (int64_t)agent->conf->lease_s * 1000 / 4;

	for (;;) {
		keep_alive(agent);
		if (outcome->state == LOCAL_AWAY) {
			away = away != 0 ? away : clock_ms();
			if (clock_ms() - away > AWAY_MS)
				return;
			poll(NULL, 0, RETRY_MS);
		} else if (outcome->state == LOCAL_RUNNING) {
			away = 0;
		} else {
			return;
		}
		/* Known by its id, the call is the same whatever else it has.
		 */
		local_upgrade(agent->options->service, id, exe, turn, outcome);
	}
}

static void
begin_rollback(struct agent *agent, const char *id, const struct host *host,
    const char *exe, struct local_outcome *outcome)
{
	const char *service = agent->options->service;

	local_rollback(service, id, host->from, RETRY_MS, outcome);
	/* That generation's image is not kept any more. */
	if (outcome->state == LOCAL_REFUSED && host->target[0] != '\0')
		local_upgrade(service, id, exe, RETRY_MS, outcome);
}

/* Begin what nobody has begun. */
static void
begin(struct agent *agent, const struct view *view, const struct host *host,
    const char *id, const char *exe, struct local_outcome *outcome)
{
	if (host->back) {
		begin_rollback(agent, id, host, exe, outcome);
	} else if (bring(agent, host, view->rollout.sha256, exe,
		       outcome->reason, sizeof(outcome->reason))) {
		log_info("rollout %" PRId64 ": %s is rolled out", host->n,
		    host->target);
		local_upgrade(
		    agent->options->service, id, exe, RETRY_MS, outcome);
	} else {
		outcome->state = LOCAL_REFUSED;
	}
}

/* What the host's record says once the rollout has ended here. */
static void
conclude(
    struct agent *agent, struct host *host, const struct local_outcome *outcome)
{
	char before[NAMES_MAX + 1], why[256];

	host->took_ms = records_now() - host->since;
	host->since = records_now();
	strlcpy(host->reason, outcome->reason, sizeof(host->reason));
	if (outcome->state != LOCAL_PROMOTED) {
		host->step = STEP_FAILED;
		log_warn(
		    "rollout %" PRId64 ": failed: %s", host->n, host->reason);
		return;
	}
	host->step = STEP_PROMOTED;
	host->from = outcome->from;
	strlcpy(before, agent->release, sizeof(before));
	strlcpy(agent->release, host->target, sizeof(agent->release));
	strlcpy(host->was, before, sizeof(host->was));
	strlcpy(host->release, agent->release, sizeof(host->release));
	if (agent->options->link != NULL && agent->release[0] != '\0' &&
	    release_link(agent->options->link, agent->options->exe,
		agent->release, why, sizeof(why)) == -1)
		log_warn("%s", why);
	log_info("rollout %" PRId64 ": promoted: %s serves", host->n,
	    agent->release);
}

/* Commit what the host has come to, however long the store is away. */
static void
report(struct agent *agent, const struct host *host)
{
	struct member_host *at;
	struct view view;
	bool done = false;

	while (!done) {
		keep_alive(agent);
		if (view_read_host(&view, agent->store, agent->conf->host) ==
		    -1) {
			complain(agent,
			    "the store: %s; the outcome is reported "
			    "later",
			    store_why(agent->store));
		} else {
			at = view_find(&view, agent->conf->host);
			/* Forgotten, or reported by a commit that was lost. */
			done = at == NULL || at->host.n != host->n ||
			    at->host.attempt != host->attempt ||
			    at->host.step != STEP_CLAIMED ||
			    move_report(agent->store, &view, at, host) ==
				COMMITTED;
		}
		view_fini(&view);
		if (!done)
			poll(NULL, 0,
			    (int)(TURN_MS + arc4random_uniform(RETRY_MS)));
	}
	trouble_over(agent);
}

/* Carry out, or take up, what this host has claimed. */
static void
work(struct agent *agent, const struct view *view, const struct host *claimed)
{
	const struct rollout *rollout = &view->rollout;
	struct host host = *claimed;
	struct local_outcome outcome;
	char id[64], exe[PATH_MAX];

	call_id(agent, &host, id);
	release_expand(agent->options->exe, host.target, exe, sizeof(exe));
	local_find(agent->options->service, id, &outcome);
	if (outcome.state == LOCAL_UNKNOWN &&
	    (view_is_halted(view) || rollout->n != host.n)) {
		host.step = STEP_NOT_BEGUN;
		strlcpy(host.reason, "halted before it began here",
		    sizeof(host.reason));
	} else {
		if (outcome.state == LOCAL_UNKNOWN)
			begin(agent, view, &host, id, exe, &outcome);
		wait_for_outcome(agent, id, exe, &outcome);
		conclude(agent, &host, &outcome);
	}
	host.serves = local_serves(agent->options->service);
	report(agent, &host);
}

/* ONE TURN */

static void
register_host(struct agent *agent)
{
	struct host host = { .since = records_now() };
	struct change change = { CHANGE_PUT, view_host_key(agent->conf->host),
		0, NULL, 0 };
	char *value;

	strlcpy(host.release, agent->release, sizeof(host.release));
	if (agent->options->address != NULL)
		strlcpy(host.address, agent->options->address,
		    sizeof(host.address));
	host.serves = local_serves(agent->options->service);
	value = host_format(&host);
	change.value = value;
	if (value != NULL &&
	    store_commit(agent->store, &change, 1) == COMMITTED)
		log_info("registered as %s", agent->conf->host);
	free(value);
}

/* The host's record follows what is so.  True if it was written. */
static bool
refresh(struct agent *agent, const struct member_host *at)
{
	struct host host = at->host;
	struct change change = { CHANGE_PUT, view_host_key(at->name),
		at->version, NULL, 0 };
	enum committed committed;
	char *value;

	host.serves = local_serves(agent->options->service);
	if (agent->options->address != NULL)
		strlcpy(host.address, agent->options->address,
		    sizeof(host.address));
	if (host.serves == at->host.serves &&
	    strcmp(host.address, at->host.address) == 0)
		return false;
	if ((value = host_format(&host)) == NULL)
		return false;
	change.value = value;
	committed = store_commit(agent->store, &change, 1);
	free(value);
	return committed == COMMITTED;
}

static bool
is_granted(const struct view *view, const struct host *host)
{
	return host->step == STEP_GRANTED && host->n == view->rollout.n &&
	    host->attempt == view->rollout.attempt &&
	    view->rollout.state == FLEET_RUNNING && !view_is_halted(view);
}

/* True if something was written, so that the keys are to be read again. */
static bool
act(struct agent *agent, const struct view *view)
{
	struct member_host *at = view_find(view, agent->conf->host);
	char why[256];

	if (!memory_agrees(&agent->memory, &view->rollout, why, sizeof(why))) {
		complain(agent, "%s", why);
		return false;
	}
	if (at == NULL) {
		register_host(agent);
		return true;
	}
	if (is_granted(view, &at->host)) {
		if (memory_put(&agent->memory, &view->rollout, why,
			sizeof(why)) == -1) {
			complain(agent, "%s; nothing is begun without it", why);
			return false;
		}
		move_claim(agent->store, view, at);
		return true;
	}
	if (at->host.step == STEP_CLAIMED) {
		work(agent, view, &at->host);
		return true;
	}
	strlcpy(agent->release, at->host.release, sizeof(agent->release));
	return refresh(agent, at);
}

/* Read and act, until there is nothing to do. */
static bool
turn(struct agent *agent)
{
	struct view view;
	bool again;

	do {
		keep_alive(agent);
		if (view_read_host(&view, agent->store, agent->conf->host) ==
		    -1) {
			view_fini(&view);
			complain(agent,
			    "the store: %s; the service serves on, "
			    "and the agent tries again",
			    store_why(agent->store));
			return false;
		}
		again = act(agent, &view);
		view_fini(&view);
	} while (again);
	return true;
}

static void
loop(struct agent *agent)
{
	/* The lease is renewed in time, whatever happens. */
	int64_t wait_ms =
	    MIN(LOOK_MS, (int64_t)agent->conf->lease_s * 1000 / 4);
	char key[NAMES_MAX + 16];
	int64_t read_ms = 0;
	bool serves = local_serves(agent->options->service), now;

	strlcpy(key, view_host_key(agent->conf->host), sizeof(key));
	for (;;) {
		if (!turn(agent)) {
			rest_a_while();
			continue;
		}
		read_ms = clock_ms();
		while (clock_ms() - read_ms < READ_MS &&
		    store_wait(agent->store, key, wait_ms) == 0) {
			keep_alive(agent);
			now = local_serves(agent->options->service);
			if (now != serves)
				break;
		}
		serves = local_serves(agent->options->service);
	}
}

static void
find_release(struct agent *agent)
{
	const struct agent_options *options = agent->options;
	char *release = NULL;

	if (options->release != NULL)
		strlcpy(
		    agent->release, options->release, sizeof(agent->release));
	else if (options->link != NULL &&
	    (release = release_of_link(options->link, options->exe)) != NULL)
		strlcpy(agent->release, release, sizeof(agent->release));
	free(release);
}

int
agent_run(const struct conf *conf, struct store *store,
    const struct agent_options *options)
{
	struct agent agent = {
		.conf = conf, .options = options, .store = store
	};
	char why[512];

	log_open(options->service, LOG_TEXT);
	if (memory_open(&agent.memory, options->service, why, sizeof(why)) ==
	    -1) {
		log_error("%s", why);
		return STATUS_CONFIG;
	}
	snprintf(agent.alive, sizeof(agent.alive), "alive/%s", conf->host);
	find_release(&agent);
	log_info("agent of host %s", conf->host);
	loop(&agent);
	return STATUS_OK;
}
