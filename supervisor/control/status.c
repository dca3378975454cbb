/* SPDX-License-Identifier: ISC */
/*
 * The present state of the service, as `hotswap status --json` prints it.
 * Fields are added, never renamed or removed.
 */
#include "control/status.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/version.h"
#include "core/held.h"
#include "core/rollout.h"
#include "core/service.h"
#include "generation/connections.h"
#include "generation/generations.h"
#include "generation/hangup.h"
#include "generation/latecomers.h"
#include "generation/retire.h"
#include "generation/steering.h"
#include "generation/steering_kind.h"
#include "generation/stored.h"
#include "generation/wrap.h"
#include "process/lines.h"
#include "rollout/outcome.h"

static const char *const steering_names[] = {
	[STEERING_REUSEPORT] = "reuseport",
	[STEERING_RENAME] = "rename",
	[STEERING_SHARED] = "shared",
};

static const char *const bpf_names[] = {
	[KIND_CLASSIC] = "classic",
	[KIND_EBPF] = "ebpf",
};
static const char *const shim_names[] = {
	[SHIM_SECCOMP] = "seccomp",
	[SHIM_PRELOAD] = "preload",
	[SHIM_OFF] = "off",
};

static const char *const health_names[] = {
	[HEALTH_NONE] = "none",
	[HEALTH_PASS] = "pass",
	[HEALTH_FAIL] = "fail",
};

static json_t *
queues_json(const struct service *service, const struct listener *listener)
{
	const struct generation *generation;
	json_t *queues = json_array();
	int queued;

	TAILQ_FOREACH (generation, &service->generations, entry) {
		if (generation->program == NULL)
			continue;
		queued = listener_queued(listener, generation->number);
		if (queued >= 0)
			json_array_append_new(queues,
			    json_pack("{si si}", "generation",
				(int)generation->number, "queued", queued));
	}
	return queues;
}

/* Unix sockets need none. */
static const char *
bpf_of(const struct listener *listener)
{
	return listener_steering(listener) == STEERING_REUSEPORT
	    ? bpf_names[listener_kind(listener)]
	    : "";
}

static json_t *
listeners_json(const struct service *service)
{
	json_t *list = json_array();
	const struct listener *listener;
	const struct address *address;
	char text[ADDRESS_STRLEN];
	const char *name;
	size_t i;

	for (i = 0; i < service->nlisteners; i++) {
		listener = service->listeners[i];
		address = listener_address(listener);
		address_format(address, text);
		name = listener_name(listener);
		json_array_append_new(list,
		    json_pack("{ss ss ss ss ss sb so}", "name",
			name != NULL ? name : text, "address", text, "type",
			address->type == SOCK_DGRAM ? "dgram" : "stream",
			"steering", steering_names[listener_steering(listener)],
			"bpf", bpf_of(listener), "passed",
			(int)listener_is_passed(listener), "queues",
			queues_json(service, listener)));
	}
	return list;
}

static json_t *
health_json(const struct health_record *checks)
{
	return json_pack("{ss si si ss}", "last", health_names[checks->last],
	    "passes", (int)checks->passes, "failures", (int)checks->failures,
	    "reason", checks->last == HEALTH_FAIL ? checks->reason : "");
}

static json_t *
pids_json(struct generation *generation)
{
	json_t *list = json_array();
	const pid_t *pids;
	size_t i, n;

	if (generation->program == NULL)
		return list;
	pids = program_pids(generation->program, &n);
	for (i = 0; i < n; i++)
		json_array_append_new(list, json_integer(pids[i]));
	return list;
}

static json_t *
arguments_json(const struct generation *generation)
{
	json_t *list = json_array();
	char *text;
	char **argument;

	for (argument = generation->image->argv; *argument != NULL;
	     argument++) {
		text = spawn_expand(*argument,
		    generation->service->options->name, generation->number);
		json_array_append_new(list, json_string(text));
		free(text);
	}
	return list;
}

/* Milliseconds until the present state ends by itself; null if it does not. */
static json_t *
time_left(int64_t deadline)
{
	int64_t left = deadline - clock_ms();

	if (deadline == 0)
		return json_null();
	return json_integer(left > 0 ? left : 0);
}

/* Of a generation that drains: who has nothing under way. */
static json_t *
idle_json(struct generation *generation)
{
	unsigned int silent_ms;
	int n;

	if (generation->role != ROLE_DRAINING)
		return NULL;
	n = hangup_count(generation, &silent_ms);
	return json_pack("{si sI sI}", "connections", n, "silent_ms",
	    (json_int_t)silent_ms, "ended",
	    (json_int_t)hangup_ended(generation));
}

/* What it lacks is cut off, perhaps within a character; a path may be any. */
static json_t *
trouble_json(const struct generation *generation)
{
	const char *text = generation->lacking[0] != '\0'
	    ? generation->lacking
	    : wrap_trouble(generation->wrap);
	struct lines lines;

	lines_init(&lines, NULL, NULL);
	lines_feed(&lines, text, strlen(text));
	lines_end(&lines);
	return json_string(lines_last(&lines));
}

static json_t *
generation_json(struct generation *generation)
{
	const struct image *image = generation->image;
	const struct program *program = generation->program;
	bool lives = program != NULL;

	return json_pack(
	    "{si ss si si so ss so ss ss ss si so ss so so so ss si so sb so sb si sI sb so*}",
	    "number", (int)generation->number, "role",
	    role_name(generation->role), "share", (int)generation->share, "pid",
	    lives ? (int)program_main(program) : 0, "pids",
	    pids_json(generation), "program", image->program.path, "arguments",
	    arguments_json(generation), "sha256", image->program.sha256, "copy",
	    image->program.copy != NULL ? image->program.copy : "", "started",
	    generation->started, "restarts", (int)generation->restarts,
	    "connections", json_integer(connections_count(generation, NULL)),
	    "status", lives ? program_status(program) : "", "health",
	    health_json(&generation->checks), "left_ms",
	    time_left(retire_deadline(generation)), "stored",
	    stored_json(generation), "shim",
	    shim_names[wrap_backend(generation->wrap)], "watchdog_ms",
	    lives ? (int)program_watchdog(program) : 0, "trouble",
	    trouble_json(generation), "settled",
	    (int)latecomers_are_so(generation->latecomers), "own_addresses",
	    latecomers_list(generation->latecomers), "steers",
	    (int)generation->steers, "flows", (int)steering_flows(generation),
	    "given", (json_int_t)steering_given(generation), "quiet",
	    (int)generation->quiet, "idle", idle_json(generation));
}

static json_t *
generations_json(struct service *service)
{
	json_t *list = json_array();
	struct generation *generation;

	TAILQ_FOREACH (generation, &service->generations, entry)
		json_array_append_new(list, generation_json(generation));
	return list;
}

static json_t *
rollout_json(const struct service *service)
{
	const struct release *release = &service->release;
	bool idle = release->rollout.state == ROLLOUT_IDLE;

	return json_pack("{ss si si si so ss}", "state",
	    rollout_state_name(release->rollout.state), "from",
	    idle ? 0 : (int)release->from, "to", idle ? 0 : (int)release->to,
	    "share", idle ? 0 : (int)release->rollout.share, "left_ms",
	    time_left(release->deadline_ms), "started",
	    idle || release->kind == RELEASE_FIRST ? "" : release->started);
}

/* How many rollouts ended with each outcome, also under former supervisors. */
static json_t *
counters_json(const struct service *service)
{
	const unsigned int *n = service->outcomes;

	return json_pack("{si si si}", "promoted", (int)n[OUTCOME_PROMOTED],
	    "aborted", (int)n[OUTCOME_ABORTED], "rolled-back",
	    (int)n[OUTCOME_ROLLED_BACK]);
}

static json_t *
durations_json(const struct service *service)
{
	const int64_t *ms = service->outcomes_ms;

	return json_pack("{sI sI sI}", "promoted",
	    (json_int_t)ms[OUTCOME_PROMOTED], "aborted",
	    (json_int_t)ms[OUTCOME_ABORTED], "rolled-back",
	    (json_int_t)ms[OUTCOME_ROLLED_BACK]);
}

static json_t *
pauses_json(const struct service *service)
{
	return json_pack("{si sI sI}", "count", (int)service->pauses.count,
	    "total_ms", (json_int_t)service->pauses.total_ms, "last_ms",
	    (json_int_t)service->pauses.last_ms);
}

json_t *
status_json(struct service *service)
{
	const struct generation *active = service->active;

	return json_pack("{ss si si ss ss si so sO? so so so so so s{ss ss}}",
	    "name", service->options->name, "pid", (int)held_pid(service),
	    "supervisor", (int)getpid(), "version", version_text, "held_by",
	    held_by(service), "active",
	    active != NULL ? (int)active->number : 0, "rollout",
	    rollout_json(service), "last", service->last, "listeners",
	    listeners_json(service), "generations", generations_json(service),
	    "counters", counters_json(service), "durations_ms",
	    durations_json(service), "pauses", pauses_json(service), "steering",
	    "bpf", bpf_names[service->kind], "why",
	    steering_kind_reason(service));
}
