/* SPDX-License-Identifier: ISC */
/*
 * The progress of a rollout on stderr.  Events stay on the screen, so that it
 * tells what happened; the picture below them shows the present state and what
 * the rollout waits for.
 */
#include "cli/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/field.h"
#include "cli/picture.h"
#include "cli/tell.h"

#define STALE_MS 1000 /* not too often: a status counts connections */

void
progress_init(struct progress *progress, const char *name)
{
	memset(progress, 0, sizeof(*progress));
	progress->name = name;
	progress->live = render_live(stderr);
	progress->block.out = stderr;
	progress->begun = clock_ms();
}

void
progress_fini(struct progress *progress)
{
	json_decref(progress->status);
}

void
progress_event(struct progress *progress, const json_t *event)
{
	const char *message = field_string(event, "message");

	if (message[0] == '\0')
		message = field_string(event, "event");
	if (field_number(event, "generation") > progress->to)
		progress->to = field_number(event, "generation");
	/* The event may have changed the status: ask for it again. */
	progress->noted = 0;
	progress_clear(progress);
	tell(STATUS_OK, "%s: %s", progress->name, message);
}

void
progress_note(struct progress *progress, json_t *status)
{
	const json_t *rollout = field_object(status, "rollout");

	progress->noted = clock_ms();
	json_decref(progress->status);
	progress->status = json_incref(status);
	if (field_number(rollout, "to") == 0)
		return;
	progress->from = field_number(rollout, "from");
	progress->to = field_number(rollout, "to");
}

bool
progress_is_stale(const struct progress *progress)
{
	return progress->live && clock_ms() - progress->noted >= STALE_MS;
}

void
progress_draw(struct progress *progress)
{
	struct picture picture = { .status = progress->status,
		.age_ms = clock_ms() - progress->noted };
	char *text = NULL;
	size_t size;
	FILE *out;

	if (!progress->live || progress->status == NULL ||
	    (out = open_memstream(&text, &size)) == NULL)
		return;
	picture.width = render_width(stderr);
	picture.colours = render_colours(stderr);
	picture_summary(out, &picture);
	picture_generations(out, &picture);
	fclose(out);
	if (text != NULL)
		block_draw(&progress->block, text);
	free(text);
}

void
progress_clear(struct progress *progress)
{
	block_clear(&progress->block);
}
