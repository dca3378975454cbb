/* SPDX-License-Identifier: ISC */
/*
 * STOPPING=1 and RELOADING=1 of a program, sd_notify(3), as events.
 */
#include "generation/intention.h"

#include "base/pace.h"
#include "core/events.h"
#include "core/generation.h"
#include "process/notify_message.h"

#define SAYING_MAX 20	 /* events about what a program says */
#define SAYING_MS  10000 /* in this time, so that others are seen */

/* Beyond the pace a program's announcements are dropped. */
static void
intention_tell(
    struct generation *generation, const char *name, const char *text)
{
	if (pace_allows(&generation->saying, SAYING_MAX, SAYING_MS))
		events_emit(generation->service, name, generation, "%s", text);
}

void
intention_hear(
    struct generation *generation, const struct notify_message *message)
{
	if (message->stopping && generation->retirement == NULL)
		intention_tell(
		    generation, "stopping", "says that it is about to end");
	if (message->reloading && !generation->reloading)
		intention_tell(
		    generation, "reloading", "reads its configuration again");
	else if (message->ready && generation->reloading)
		intention_tell(generation, "reloaded", "has been reloaded");
	if (message->reloading || message->ready)
		generation->reloading = message->reloading;
}
