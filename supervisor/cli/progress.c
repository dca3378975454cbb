/* SPDX-License-Identifier: ISC */
/*
 * How a rollout goes, on stderr.  Events stay, so that the screen tells what
 * happened; the line below them says what is being waited for.
 */
#include "cli/progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/param.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/field.h"
#include "cli/render.h"
#include "cli/tell.h"

#define LINE_MAX_BYTES 512
#define STALE_MS       1000 /* asking counts connections: not too often */

void
progress_init(struct progress *progress, const char *name)
{
	memset(progress, 0, sizeof(*progress));
	progress->name = name;
	progress->live = isatty(STDERR_FILENO);
	progress->begun = clock_ms();
}

void
progress_event(struct progress *progress, const json_t *event)
{
	const char *message = field_string(event, "message");

	if (message[0] == '\0')
		message = field_string(event, "event");
	if (field_number(event, "generation") > progress->to)
		progress->to = field_number(event, "generation");
	/* What was known may have changed with it. */
	progress->noted = 0;
	progress_clear(progress);
	tell(STATUS_OK, "%s: %s", progress->name, message);
}

void
progress_note(struct progress *progress, const json_t *status)
{
	const json_t *rollout = field_object(status, "rollout"), *generation;
	const json_t *left = json_object_get(rollout, "left_ms");
	size_t i;

	progress->noted = clock_ms();
	strlcpy(progress->step, field_string(rollout, "state"),
	    sizeof(progress->step));
	tell_clean(progress->step);
	progress->from = field_number(rollout, "from");
	progress->to = field_number(rollout, "to");
	progress->share = field_number(rollout, "share");
	progress->due = 0;
	if (json_is_integer(left))
		progress->due = progress->noted + json_integer_value(left);
	json_array_foreach (field_list(status, "generations"), i, generation)
		if (field_number(generation, "number") == progress->to)
			progress->passes = field_number(
			    field_object(generation, "health"), "passes");
}

bool
progress_is_stale(const struct progress *progress)
{
	return progress->live && clock_ms() - progress->noted >= STALE_MS;
}

/* `web: baking generation 4, 100 %, checks passed: 2, 3.2 s left` */
static void
describe(const struct progress *progress, char *line, size_t size)
{
	char time[RENDER_TIME];
	FILE *out = fmemopen(line, size, "w");

	if (out == NULL) {
		line[0] = '\0';
		return;
	}
	fprintf(out, "%s: %s", progress->name,
	    progress->step[0] != '\0' ? progress->step : "waiting");
	if (progress->to != 0)
		fprintf(out, " generation %lld", (long long)progress->to);
	if (progress->share > 0)
		fprintf(out, ", %lld %%", (long long)progress->share);
	if (progress->passes > 0)
		fprintf(
		    out, ", checks passed: %lld", (long long)progress->passes);
	if (progress->due != 0)
		render_duration(time, MAX(progress->due - clock_ms(), 0));
	else
		render_duration(time, clock_ms() - progress->begun);
	fprintf(out, ", %s %s", time, progress->due != 0 ? "left" : "so far");
	fclose(out);
}

void
progress_draw(struct progress *progress)
{
	char line[LINE_MAX_BYTES];

	if (!progress->live)
		return;
	describe(progress, line, sizeof(line));
	/* A line that wraps could not be taken back. */
	fprintf(stderr, "\r%.*s\033[K", (int)render_width(stderr) - 1, line);
	fflush(stderr);
	progress->drawn = true;
}

void
progress_clear(struct progress *progress)
{
	if (!progress->drawn)
		return;
	fputs("\r\033[K", stderr);
	progress->drawn = false;
}
