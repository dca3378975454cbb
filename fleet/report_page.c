/* SPDX-License-Identifier: ISC */
/*
 * The page: how the rollout ended and why, and its hosts on a time line.
 */
#include "fleet/report.h"

#include <stdlib.h>
#include <string.h>
#include <sys/param.h>

#include "base/clock.h"
#include "base/version.h"
#include "cli/field.h"
#include "fleet/records.h"
#include "page/axis.h"

#define BAR	  18
#define SLOTS_MAX 512 /* hosts at work at the same time that are told apart */

/* What a host did, in milliseconds since the rollout's start. */
struct row {
	const json_t *host;
	const char *step;
	long long from_ms, to_ms;
	size_t slot; /* 1, 2, ...; 0: it has had none */
	bool has_begun;
};

struct report {
	struct page page;
	const json_t *outcome;
	struct row *rows; /* those that have begun first, in their order */
	size_t nrows;
	size_t width; /* the most hosts at work at the same time */
	long long began_ms, total_ms;
};

static int
by_begin(const void *a, const void *b)
{
	const struct row *left = a, *right = b;

	if (left->has_begun != right->has_begun)
		return left->has_begun ? -1 : 1;
	if (left->from_ms != right->from_ms)
		return left->from_ms < right->from_ms ? -1 : 1;
	return strcmp(field_string(left->host, "host"),
	    field_string(right->host, "host"));
}

/* The first slot that is free when each host begins. */
static void
assign_slots(struct report *report)
{
	long long free_ms[SLOTS_MAX] = { 0 };
	struct row *row = report->rows;
	size_t slot;

	for (; row < report->rows + report->nrows && row->has_begun; row++) {
		for (slot = 0; slot + 1 < SLOTS_MAX; slot++)
			if (free_ms[slot] <= row->from_ms)
				break;
		free_ms[slot] = row->to_ms;
		row->slot = slot + 1;
		report->width = MAX(report->width, slot + 1);
	}
}

/* The step's name, if it is one. */
static const char *
find_step(const json_t *host)
{
	const char *name = field_string(host, "step");
	enum step step;

	for (step = STEP_IDLE; step < STEP_ABSENT; step++)
		if (strcmp(step_name(step), name) == 0)
			break;
	return step_name(step);
}

static void
read_row(const struct report *report, const json_t *host, struct row *row)
{
	long long at = field_number(host, "at_ms");
	bool works;

	*row = (struct row){ .host = host, .step = find_step(host) };
	works = strcmp(row->step, "claimed") == 0;
	row->has_begun = works || strcmp(row->step, "promoted") == 0 ||
	    strcmp(row->step, "failed") == 0;
	row->to_ms = works ? report->total_ms : at - report->began_ms;
	row->from_ms =
	    at - report->began_ms - (works ? 0 : field_number(host, "took_ms"));
	row->from_ms = MAX(row->from_ms, 0);
	row->to_ms = MAX(row->to_ms, row->from_ms);
}

static int
read_rows(struct report *report)
{
	const json_t *list = field_list(report->outcome, "times"), *host;
	size_t i;

	report->rows = calloc(json_array_size(list) + 1, sizeof(*report->rows));
	if (report->rows == NULL)
		return -1;
	json_array_foreach (list, i, host) {
		read_row(report, host, &report->rows[i]);
		report->total_ms = MAX(report->total_ms, report->rows[i].to_ms);
	}
	report->nrows = i;
	qsort(report->rows, report->nrows, sizeof(*report->rows), by_begin);
	assign_slots(report);
	return 0;
}

/* HEADER */

static bool
is_under_way(const struct report *report)
{
	return field_string(report->outcome, "result")[0] == '\0';
}

static const char *
find_look(const struct report *report)
{
	if (is_under_way(report))
		return "going";
	return strcmp(field_string(report->outcome, "result"), "promoted") == 0
	    ? "good"
	    : "bad";
}

/* The result as a badge says it: `Promoted`. */
static void
name_result(const struct report *report, char name[static 32])
{
	const char *result = field_string(report->outcome, "result");

	snprintf(
	    name, 32, "%.24s", is_under_way(report) ? "under way" : result);
	if (name[0] >= 'a' && name[0] <= 'z')
		name[0] -= 'a' - 'A';
}

static void
put_header(struct report *report, const char *service)
{
	const json_t *outcome = report->outcome;
	const char *reason = field_string(outcome, "reason");
	bool back = strcmp(field_string(outcome, "kind"), "rollback") == 0;
	char result[32];

	name_result(report, result);
	page_put(&report->page,
	    "<header><p class=\"kicker\">Fleet rollout report</p>\n"
	    "<h1>%s %lld: %s%s</h1>\n<p class=\"badge %s\">%s</p>\n",
	    service, (long long)field_number(outcome, "n"),
	    back ? "back from " : "", field_string(outcome, "release"),
	    find_look(report), result);
	page_put(&report->page,
	    "<p class=\"lead\">%lld of %lld hosts promoted, %d failed, %d "
	    "absent, %lld untouched.</p></header>\n",
	    (long long)field_number(outcome, "promoted"),
	    (long long)field_number(outcome, "hosts"),
	    (int)json_array_size(field_list(outcome, "failed")),
	    (int)json_array_size(field_list(outcome, "absent")),
	    (long long)field_number(outcome, "untouched"));
	if (reason[0] != '\0')
		page_put(&report->page,
		    "<p class=\"why %s\"><strong>Halted by %s</strong>%s"
		    "</p>\n",
		    find_look(report), field_string(outcome, "by"), reason);
}

static void
put_fact(struct report *report, const char *name, const char *value)
{
	if (value[0] != '\0')
		page_put(&report->page, "<li><span>%s</span> %s</li>\n", name,
		    value);
}

/* How the rollout was to go. */
static void
put_plan(struct report *report, const json_t *of)
{
	char text[128], time[PAGE_TIME];

	put_fact(report, "Begun by", field_string(of, "by"));
	if (strcmp(field_string(report->outcome, "kind"), "rollback") == 0)
		return;
	page_round_time(time, field_number(of, "soak_ms"));
	snprintf(text, sizeof(text), "%lld, soak %s",
	    (long long)field_number(of, "first"),
	    field_number(of, "soak_ms") > 0 ? time : "none");
	put_fact(report, "First alone", text);
	snprintf(text, sizeof(text), "%lld%s",
	    (long long)field_number(of, "at_once"),
	    json_is_true(json_object_get(of, "percent")) ? " %" : "");
	put_fact(report, "At once", text);
	snprintf(text, sizeof(text), "%lld failed, %lld absent",
	    (long long)field_number(of, "failures"),
	    (long long)field_number(of, "absent"));
	put_fact(report, "Borne", text);
	if (field_number(of, "attempt") > 1) {
		snprintf(text, sizeof(text), "%lld",
		    (long long)field_number(of, "attempt"));
		put_fact(report, "Attempt", text);
	}
}

static void
put_facts(struct report *report, const json_t *of)
{
	char text[PAGE_TIME];

	page_put(&report->page,
	    "<section aria-label=\"The rollout\">\n<ul class=\"facts\">\n");
	page_stamp(text, field_string(report->outcome, "started"));
	put_fact(report, "Started", text);
	page_time(text, report->total_ms);
	put_fact(report, is_under_way(report) ? "So far" : "Took", text);
	put_fact(report, "Kind", field_string(report->outcome, "kind"));
	put_plan(report, of);
	if (report->width > 0) {
		snprintf(text, sizeof(text), "%zu", report->width);
		put_fact(report, "Most hosts at once", text);
	}
	page_put(&report->page, "</ul>\n</section>\n");
}

/* HOSTS */

static void
put_bar(struct report *report, const struct row *row)
{
	struct axis axis = { report->total_ms, BAR + 6, true };
	char took[PAGE_TIME], about[128];
	struct axis_bar bar = { .kind = row->step,
		.text = took,
		.about = about,
		.from_ms = row->from_ms,
		.to_ms = row->to_ms,
		.y = 3,
		.height = BAR };

	page_time(took, row->to_ms - row->from_ms);
	snprintf(about, sizeof(about), "%.63s: %s, %s",
	    field_string(row->host, "host"), row->step, took);
	axis_begin(&report->page, &axis, about);
	if (row->has_begun)
		axis_bar(&report->page, &axis, &bar);
	axis_end(&report->page);
}

static void
put_row(struct report *report, const struct row *row)
{
	bool bad = strcmp(row->step, "failed") == 0 ||
	    strcmp(row->step, "absent") == 0;
	struct page *page = &report->page;
	char slot[16] = "–";

	if (row->slot > 0)
		snprintf(slot, sizeof(slot), "%zu", row->slot);
	page_put(page,
	    "<tr><td class=\"t\" data-label=\"Host\">%s</td>"
	    "<td class=\"n\" data-label=\"Slot\">%s</td>"
	    "<td class=\"t %s\" data-label=\"Outcome\">%s</td>"
	    "<td class=\"track\">",
	    field_string(row->host, "host"), slot,
	    bad			      ? "bad"
		: row->step[0] == 'p' ? "good"
				      : "",
	    row->step);
	put_bar(report, row);
	if (field_string(row->host, "reason")[0] != '\0')
		page_put(page, "<p class=\"note\">%s</p>",
		    field_string(row->host, "reason"));
	page_put(page, "</td></tr>\n");
}

static void
put_hosts(struct report *report)
{
	struct axis axis = { report->total_ms, 4, false };
	struct page *page = &report->page;
	size_t i;

	page_put(page,
	    "<section class=\"long\">\n<h2>Hosts on the time line</h2>\n");
	if (report->nrows == 0) {
		page_put(page,
		    "<p class=\"note\">When each host was at work is not "
		    "kept of this rollout.</p>\n</section>\n");
		return;
	}
	page_put(page,
	    "<table class=\"wide\">\n<thead><tr><th scope=\"col\">Host</th>"
	    "<th scope=\"col\" class=\"n\">Slot</th>"
	    "<th scope=\"col\">Outcome</th>"
	    "<th scope=\"col\">At work</th></tr></thead>\n<tbody>\n");
	for (i = 0; i < report->nrows; i++)
		put_row(report, &report->rows[i]);
	page_put(page,
	    "<tr class=\"ticks\"><td></td><td></td><td></td>"
	    "<td class=\"track\">");
	axis_begin(page, &axis, "Time since the start of the rollout");
	axis_end(page);
	page_put(page,
	    "</td></tr>\n</tbody></table>\n<p class=\"note\">A slot is the "
	    "right of a host to be at work; a host takes the first one that "
	    "is free. Times are those of the hosts’ clocks.</p>\n"
	    "</section>\n");
}

void
report_fleet(
    FILE *out, const char *service, const json_t *outcome, const json_t *of)
{
	struct report report = { .outcome = outcome };
	char title[256], stamp[CLOCK_STAMP], time[PAGE_TIME];

	report.began_ms = page_read_stamp(field_string(outcome, "started"));
	report.total_ms =
	    page_read_stamp(field_string(outcome, "ended")) - report.began_ms;
	report.total_ms = MAX(report.total_ms, 1);
	if (read_rows(&report) == -1)
		return;
	snprintf(title, sizeof(title), "%.100s: fleet rollout %lld", service,
	    (long long)field_number(outcome, "n"));
	page_begin(&report.page, out, title);
	put_header(&report, service);
	put_facts(&report, of);
	put_hosts(&report);
	clock_stamp(stamp);
	page_stamp(time, stamp);
	page_put(&report.page,
	    "<footer><p>Made by <code>hotswap fleet report</code>, version "
	    "%s, at %s. Each host’s own report says more: <code>hotswap "
	    "report %s</code> there.</p></footer>\n",
	    version_text, time, service);
	page_end(&report.page);
	free(report.rows);
}
