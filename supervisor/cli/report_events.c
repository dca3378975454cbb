/* SPDX-License-Identifier: ISC */
/*
 * What happened, and who asked for what, in the order of time.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/field.h"
#include "cli/report_page.h"
#include "page/axis.h"

/* A line of the list: either an event or what somebody asked for. */
struct line {
	long long at_ms;
	size_t order; /* among those of the same time */
	const json_t *event;
	const json_t *asked;
};

static int
by_time(const void *a, const void *b)
{
	const struct line *left = a, *right = b;

	if (left->at_ms != right->at_ms)
		return left->at_ms < right->at_ms ? -1 : 1;
	return (left->order > right->order) - (left->order < right->order);
}

static bool
is_bad(const char *event)
{
	static const char *const bad[] = { "aborted", "crashed", "unhealthy",
		"given-up", "warning", "hook-failed", "lost" };
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (strcmp(bad[i], event) == 0)
			return true;
	return false;
}

static void
put_line(struct page *page, const struct line *line)
{
	const char *event = field_string(line->event, "event");
	char at[PAGE_TIME], person[REPORT_PERSON], said[REPORT_SAID];

	page_time(at, line->at_ms);
	page_put(page,
	    "<tr><td class=\"n\">%s</td>"
	    "<td class=\"t %s\">%s</td>"
	    "<td>",
	    line->at_ms == 0 ? "0" : at,
	    is_bad(event)	      ? "bad"
		: line->asked != NULL ? "going"
				      : "",
	    line->asked != NULL ? "asked" : event);
	if (line->asked != NULL) {
		report_person(person, line->asked);
		page_put(page, "%s: by %s", field_string(line->asked, "what"),
		    person);
	} else {
		report_said(said, line->event, "message");
		page_put(page, "%s", said);
	}
	page_put(page, "</td></tr>\n");
}

/* All lines in their order, *new*; NULL if there are none. */
static struct line *
read_lines(const json_t *summary, size_t *n)
{
	const json_t *events = field_list(summary, "events");
	const json_t *asked = field_list(summary, "asked"), *entry;
	long long began = page_read_stamp(field_string(summary, "started"));
	struct line *lines;
	size_t i;

	*n = 0;
	lines = calloc(json_array_size(events) + json_array_size(asked) + 1,
	    sizeof(*lines));
	if (lines == NULL)
		return NULL;
	json_array_foreach (asked, i, entry) {
		lines[*n] =
		    (struct line){ field_number(entry, "at"), *n, NULL, entry };
		++*n;
	}
	json_array_foreach (events, i, entry) {
		lines[*n] = (struct line){
			page_read_stamp(field_string(entry, "time")) - began,
			*n, entry, NULL
		};
		++*n;
	}
	qsort(lines, *n, sizeof(*lines), by_time);
	return lines;
}

void
report_events(struct page *page, const json_t *summary)
{
	size_t n, i, shown = json_array_size(field_list(summary, "events"));
	struct line *lines = read_lines(summary, &n);

	if (lines != NULL && n > 0) {
		page_put(page,
		    "<section class=\"long\">\n<h2>What happened</h2>\n"
		    "<table>\n<thead><tr>"
		    "<th scope=\"col\" class=\"n\">At</th>"
		    "<th scope=\"col\">What</th>"
		    "<th scope=\"col\">Message</th></tr></thead>\n<tbody>\n");
		for (i = 0; i < n; i++)
			put_line(page, &lines[i]);
		page_put(page, "</tbody></table>\n");
		if (field_number(summary, "events_made") > (json_int_t)shown)
			page_put(page,
			    "<p class=\"note\">Of %lld events some in the "
			    "middle are left out.</p>\n",
			    (long long)field_number(summary, "events_made"));
		page_put(page, "</section>\n");
	}
	free(lines);
}
