/* SPDX-License-Identifier: ISC */
/*
 * status --watch: on a terminal, a picture that is kept up to date until q or
 * Ctrl-C ends it, which the service does not notice; elsewhere, a picture each
 * time something has happened.
 */
#include "cli/watch.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/absence.h"
#include "cli/arguments.h"
#include "cli/block.h"
#include "cli/client.h"
#include "cli/client_tell.h"
#include "cli/field.h"
#include "cli/picture.h"
#include "cli/tell.h"
#include "cli/waiting.h"

#define TICK_MS	 200  /* how often the times left are counted down */
#define STALE_MS 1000 /* not too often: a status counts connections */
#define AGAIN_MS 200  /* from one look for a successor to the next */
#define LAST_MAX 512

struct watch {
	const struct arguments *arguments;
	char *name;
	struct client *events;
	struct client *asks; /* a second connection, for Status */
	bool live;	     /* stdout is a terminal that can be drawn on */
	bool ended;	     /* this is the last picture */
	struct block block;
	json_t *status; /* NULL at first */
	int64_t noted;
	char last[LAST_MAX]; /* what happened last, "" at first */
};

/* *New*; NULL if there is no memory. */
static char *
compose(const struct watch *watch)
{
	struct picture picture = { .status = watch->status,
		.age_ms = clock_ms() - watch->noted,
		.width = render_width(stdout),
		.colours = render_colours(stdout) };
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		return NULL;
	picture_summary(out, &picture);
	picture_generations(out, &picture);
	if (watch->last[0] != '\0')
		fprintf(out, "last: %s\n", watch->last);
	if (watch->live && !watch->ended)
		fputs("q ends watching, not the service\n", out);
	fclose(out);
	return text;
}

static void
draw(struct watch *watch)
{
	char *text;

	if (watch->status == NULL || (text = compose(watch)) == NULL)
		return;
	block_draw(&watch->block, text);
	free(text);
}

/* Print one picture below the other, since stdout cannot be redrawn. */
static void
print(const struct watch *watch)
{
	char *text;

	if (watch->arguments->json)
		field_print_line(watch->status);
	else if ((text = compose(watch)) != NULL) {
		puts(text);
		free(text);
	}
	fflush(stdout);
}

static enum client_got
watch_look(struct watch *watch)
{
	struct client_message message = { 0 };
	enum client_got got = GOT_END;
	json_t *status;

	if (client_call(watch->asks, "Status", NULL, false) == 0)
		got = client_receive(
		    watch->asks, waiting_deadline(CLIENT_PROMPT_MS), &message);
	status = got == GOT_REPLY ? field_object(message.parameters, "status")
				  : NULL;
	if (status != NULL) {
		json_decref(watch->status);
		watch->status = json_incref(status);
		watch->noted = clock_ms();
		if (watch->live)
			draw(watch);
		else
			print(watch);
	}
	client_message_fini(&message);
	return got;
}

static void
note_event(struct watch *watch, const json_t *parameters)
{
	const json_t *event = field_object(parameters, "event");

	if (event == NULL)
		return;
	strlcpy(watch->last, field_string(event, "message"), LAST_MAX);
	tell_clean(watch->last);
}

/* Read events until at least one has come and none is left to be read. */
static enum client_got
next_event(struct watch *watch)
{
	struct client_message message;
	enum client_got got;
	bool ticks = watch->live || watch->status == NULL, any = false;
	int64_t until = ticks ? clock_ms() + TICK_MS : WAITING_FOREVER;

	for (;;) {
		got = client_receive(watch->events, until, &message);
		if (got != GOT_REPLY) {
			client_message_fini(&message);
			break;
		}
		note_event(watch, message.parameters);
		client_message_fini(&message);
		any = true;
		until = clock_ms();
	}
	return got == GOT_DEADLINE && any ? GOT_REPLY : got;
}

static enum client_got
follow(struct watch *watch)
{
	enum client_got got;

	do {
		got = next_event(watch);
		if (got == GOT_REPLY ||
		    (got == GOT_DEADLINE &&
			clock_ms() - watch->noted >= STALE_MS))
			got = watch_look(watch);
		else if (got == GOT_DEADLINE)
			draw(watch);
	} while (got == GOT_REPLY || got == GOT_DEADLINE);
	return got;
}

/* The two connections, and the call for events.  -1 with errno. */
static int
begin(struct watch *watch)
{
	if (watch->asks == NULL &&
	    (watch->asks = client_connect(watch->name)) == NULL)
		return -1;
	if ((watch->events = client_connect(watch->name)) == NULL)
		return -1;
	client_persist(watch->asks, CLIENT_PATIENCE_MS);
	client_persist(watch->events, CLIENT_PATIENCE_MS);
	return client_call(watch->events, "Events", NULL, true);
}

static void
stop_asking(struct watch *watch)
{
	client_close(watch->events);
	client_close(watch->asks);
	watch->events = watch->asks = NULL;
}

static void
tell_death(struct watch *watch)
{
	static const char text[] =
	    "the supervisor has died, and no other one answers yet";

	if (strcmp(watch->last, text) == 0)
		return;
	strlcpy(watch->last, text, LAST_MAX);
	if (watch->live)
		draw(watch);
	else
		tell(STATUS_OK, "%s: %s", watch->name, text);
}

/*
 * There has been no successor for long.  As long as somebody holds the name,
 * there may be one: begin again with it.  False if nobody holds the name, or on
 * Ctrl-C.
 */
static bool
await_successor(struct watch *watch, enum client_got *got)
{
	while (absence_is_held(watch->name)) {
		tell_death(watch);
		if (waiting_for(-1, waiting_deadline(AGAIN_MS)) !=
		    WAITED_DEADLINE) {
			*got = GOT_INTERRUPT;
			return false;
		}
		stop_asking(watch);
		if (begin(watch) == 0)
			return true;
	}
	return false;
}

static int
tell_end(const struct watch *watch, enum client_got got)
{
	if (got == GOT_INTERRUPT)
		return STATUS_OK;
	if (watch->status == NULL)
		return client_tell_silence(watch->asks, got);
	return tell(
	    STATUS_UNAVAILABLE, "%s: the supervisor has ended", watch->name);
}

/* Through the supervisor's death and its successor's, to the end. */
static int
follow_all(struct watch *watch)
{
	enum client_got got;

	do
		got = follow(watch);
	while ((got == GOT_END || got == GOT_LOST) && watch->status != NULL &&
	    await_successor(watch, &got));
	return tell_end(watch, got);
}

int
watch_status(const struct arguments *arguments)
{
	struct watch watch = { .arguments = arguments,
		.live = render_live(stdout) && !arguments->json,
		.block = { .out = stdout } };
	int status;

	watch.asks = client_open(arguments->name, &status);
	if (watch.asks == NULL)
		return status;
	waiting_arm();
	if (watch.live)
		waiting_arm_key('q');
	if ((watch.name = strdup(client_name(watch.asks))) == NULL ||
	    begin(&watch) == -1)
		status = client_tell_silence(watch.asks, GOT_END);
	else
		status = follow_all(&watch);
	waiting_disarm_key();
	watch.ended = true;
	if (watch.live)
		draw(&watch);
	json_decref(watch.status);
	stop_asking(&watch);
	free(watch.name);
	return status;
}
