/* SPDX-License-Identifier: ISC */
#include "fleet/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/render.h"
#include "cli/tell.h"
#include "fleet/tally.h"

#define BAR 20

void
progress_init(struct progress *progress, const char *service, bool json)
{
	memset(progress, 0, sizeof(*progress));
	progress->service = service;
	progress->live = !json && render_live(stderr);
	progress->block.out = stderr;
	progress->steps = json_object();
	progress->began_ms = clock_ms();
}

void
progress_fini(struct progress *progress)
{
	progress_clear(progress);
	json_decref(progress->steps);
}

void
progress_clear(struct progress *progress)
{
	if (progress->live)
		block_clear(&progress->block);
}

static void
tell_host(const struct progress *progress, const struct view *view,
    const struct member_host *at, enum step step)
{
	const struct host *host = &at->host;
	char took[RENDER_TIME];

	render_duration(took, host->took_ms);
	switch (step) {
	case STEP_CLAIMED:
		tell(
		    STATUS_OK, "%s: %s has begun", progress->service, at->name);
		break;
	case STEP_PROMOTED:
		tell(STATUS_OK, "%s: %s promoted, %s", progress->service,
		    at->name, took);
		break;
	case STEP_FAILED:
		tell(STATUS_OK, "%s: %s failed: %s; %s serves",
		    progress->service, at->name, host->reason,
		    host->release[0] != '\0' ? host->release
					     : "what was there before");
		break;
	case STEP_ABSENT:
		tell(STATUS_OK, "%s: %s is absent: %s", progress->service,
		    at->name, host->reason);
		break;
	default:
		break;
	}
}

/* The first line: what, from what, how many. */
static void
tell_beginning(struct progress *progress, const struct view *view,
    const struct tally *tally)
{
	const struct rollout *rollout = &view->rollout;

	progress->ended = tally_ended(tally);
	tell(STATUS_OK, "%s %" PRId64 ": %s %s, %zu hosts%s", progress->service,
	    rollout->n,
	    rollout->kind == KIND_ROLLBACK ? "back from" : "upgrade to",
	    rollout->release, tally->hosts,
	    rollout->attempt > 1 ? ", resumed" : "");
}

static void
tell_halt(struct progress *progress, const struct view *view,
    const struct tally *tally)
{
	size_t untouched = tally->by_step[STEP_IDLE] +
	    tally->by_step[STEP_GRANTED] + tally->by_step[STEP_NOT_BEGUN];

	progress->halted = true;
	tell(STATUS_OK, "%s %" PRId64 ": halted by %s: %s; %zu hosts untouched",
	    progress->service, view->rollout.n, view->halt.by, view->halt.why,
	    untouched);
}

void
progress_note(struct progress *progress, const struct view *view)
{
	struct tally tally = tally_count(view);
	const struct member_host *at;
	enum step step, told;
	size_t i;

	if (!progress->begun)
		progress_clear(progress);
	if (!progress->begun)
		tell_beginning(progress, view, &tally);
	for (i = 0; i < view->nhosts; i++) {
		at = &view->hosts[i];
		step = tally_step(view, at);
		told = (enum step)json_integer_value(
		    json_object_get(progress->steps, at->name));
		if (!tally_takes_part(view, at) || step == told)
			continue;
		json_object_set_new(
		    progress->steps, at->name, json_integer(step));
		progress_clear(progress);
		/* What was so before this driver came is no news. */
		if (progress->begun || step == STEP_FAILED)
			tell_host(progress, view, at, step);
	}
	progress->begun = true;
	if (view_is_halted(view) && !progress->halted) {
		progress_clear(progress);
		tell_halt(progress, view, &tally);
	}
	progress_draw(progress, view);
}

/* By the hosts that have ended while we looked on. */
static void
put_time_left(const struct progress *progress, const struct tally *tally,
    char text[static 64])
{
	size_t ended = tally_ended(tally), left = tally->hosts - ended;
	int64_t ms = clock_ms() - progress->began_ms;
	char time[RENDER_TIME];

	text[0] = '\0';
	if (ended <= progress->ended || left == 0)
		return;
	render_duration(time,
	    ms * (int64_t)left / (int64_t)(ended - progress->ended) / 1000 *
		1000);
	snprintf(text, 64, ", about %s left", time);
}

static void
put_state(
    const struct view *view, const struct tally *tally, char text[static 128])
{
	const struct rollout *rollout = &view->rollout;
	int64_t left = tally->last_ms + rollout->soak_ms - records_now();
	char time[RENDER_TIME];

	text[0] = '\0';
	if (view_is_halted(view)) {
		snprintf(text, 128, "; halted");
		return;
	}
	if (rollout->first == 0 || left <= 0 || tally_at_work(tally) > 0 ||
	    tally_ended(tally) != (size_t)rollout->first)
		return;
	render_duration(time, left / 1000 * 1000);
	snprintf(text, 128, "; soaking, %s left", time);
}

void
progress_draw(struct progress *progress, const struct view *view)
{
	struct tally tally = tally_count(view);
	size_t ended = tally_ended(&tally), i, full;
	char bar[BAR + 1], left[64], state[128], line[512];

	if (!progress->live || tally.hosts == 0)
		return;
	full = ended * BAR / tally.hosts;
	for (i = 0; i < BAR; i++)
		bar[i] = i < full ? '#' : '.';
	bar[BAR] = '\0';
	put_time_left(progress, &tally, left);
	put_state(view, &tally, state);
	snprintf(line, sizeof(line),
	    "%s %" PRId64 ": [%s] %zu of %zu done, %zu at work, %zu to come"
	    "%s%s\n",
	    progress->service, view->rollout.n, bar, ended, tally.hosts,
	    tally_at_work(&tally), tally.by_step[STEP_IDLE], state, left);
	block_draw(&progress->block, line);
}
