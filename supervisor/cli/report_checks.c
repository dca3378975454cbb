/* SPDX-License-Identifier: ISC */
/*
 * The checks of the new generation: how long each took, and what it answered.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>

#include "cli/field.h"
#include "cli/report_page.h"
#include "page/axis.h"

#define SHOWN_MAX 12 /* more are folded, except failures */
#define HEIGHT	  84 /* of the drawing */

static bool
has_passed(const json_t *check)
{
	return json_is_true(json_object_get(check, "passed"));
}

static int
by_time(const void *a, const void *b)
{
	long long left = *(const long long *)a, right = *(const long long *)b;

	return (left > right) - (left < right);
}

/* FIGURES OF EACH CHECK */

static const char *
name_of(const json_t *summary, size_t index)
{
	const json_t *name = json_array_get(
	    field_list(field_object(summary, "plan"), "health"), index);

	return json_is_string(name) ? json_string_value(name)
				    : "a connection is accepted";
}

static void
put_figures(struct page *page, const json_t *summary, const json_t *checks,
    size_t index)
{
	long long *times = calloc(json_array_size(checks) + 1, sizeof(*times));
	char least[PAGE_TIME], median[PAGE_TIME], most[PAGE_TIME];
	size_t i, n = 0, failures = 0;
	const json_t *check;

	json_array_foreach (checks, i, check) {
		if (times == NULL ||
		    (size_t)field_number(check, "check") != index)
			continue;
		times[n++] = field_number(check, "ms");
		failures += !has_passed(check);
	}
	if (n > 0) {
		qsort(times, n, sizeof(*times), by_time);
		page_time(least, times[0]);
		page_time(median, times[n / 2]);
		page_time(most, times[n - 1]);
		page_put(page,
		    "<tr><td data-label=\"Check\"><code>%s</code></td>"
		    "<td class=\"n\" data-label=\"Shown\">%d</td>"
		    "<td class=\"n %s\" data-label=\"Failed\">%d</td>"
		    "<td class=\"n\" data-label=\"Least\">%s</td>"
		    "<td class=\"n\" data-label=\"Median\">%s</td>"
		    "<td class=\"n\" data-label=\"Most\">%s</td></tr>\n",
		    name_of(summary, index), (int)n, failures > 0 ? "bad" : "",
		    (int)failures, least, median, most);
	}
	free(times);
}

static void
put_all_figures(struct page *page, const json_t *summary, const json_t *checks)
{
	const json_t *check;
	size_t i, last = 0;

	json_array_foreach (checks, i, check)
		last = MAX(last, (size_t)field_number(check, "check") % 1000);
	page_put(page,
	    "<table class=\"wide\">\n<thead><tr><th scope=\"col\">Check</th>"
	    "<th scope=\"col\" class=\"n\">Shown</th>"
	    "<th scope=\"col\" class=\"n\">Failed</th>"
	    "<th scope=\"col\" class=\"n\">Least</th>"
	    "<th scope=\"col\" class=\"n\">Median</th>"
	    "<th scope=\"col\" class=\"n\">Most</th></tr></thead>\n<tbody>\n");
	for (i = 0; i <= last; i++)
		put_figures(page, summary, checks, i);
	page_put(page, "</tbody></table>\n");
}

/* DRAWING */

static void
put_drawing(struct page *page, const json_t *summary, const json_t *checks)
{
	struct axis axis = { .total_ms = report_total(summary),
		.height = HEIGHT };
	char about[320], said[REPORT_SAID], time[PAGE_TIME], title[64];
	const json_t *check;
	long long most = 1, ms;
	size_t i;

	json_array_foreach (checks, i, check)
		most = MAX(most, field_number(check, "ms"));
	page_time(time, most);
	snprintf(title, sizeof(title), "Time until the answer, up to %s", time);
	axis_begin(page, &axis,
	    "How long each check took; the table below has the same in "
	    "figures");
	axis_title(page, 12, title);
	page_put(page,
	    "<rect class=\"lane\" y=\"20\" width=\"100%%\" height=\"%d\"/>\n",
	    HEIGHT - 20);
	json_array_foreach (checks, i, check) {
		ms = field_number(check, "ms");
		page_time(time, ms);
		report_said(said, check, "answer");
		snprintf(about, sizeof(about), "%s: %.256s", time, said);
		axis_mark(page, &axis, field_number(check, "at") + ms,
		    HEIGHT - 6 - (double)ms * (HEIGHT - 34) / (double)most,
		    has_passed(check), about);
	}
	axis_end(page);
}

/* ROWS */

static void
put_row(struct page *page, const json_t *summary, const json_t *check)
{
	bool passed = has_passed(check);
	char at[PAGE_TIME], took[PAGE_TIME], said[REPORT_SAID];

	report_said(said, check, "answer");
	page_time(at, MAX(field_number(check, "at"), 0));
	page_time(took, field_number(check, "ms"));
	page_put(page,
	    "<tr><td class=\"n\" data-label=\"At\">%s</td>"
	    "<td data-label=\"Check\"><code>%s</code></td>"
	    "<td class=\"n\" data-label=\"Took\">%s</td>"
	    "<td class=\"t %s\" data-label=\"Result\">%s</td>"
	    "<td data-label=\"Answer\">%s</td></tr>\n",
	    at, name_of(summary, (size_t)field_number(check, "check")), took,
	    passed ? "good" : "bad", passed ? "passed" : "failed", said);
}

static void
put_rows(struct page *page, const json_t *summary, const json_t *checks,
    bool failures_alone)
{
	const json_t *check;
	size_t i;

	page_put(page,
	    "<table class=\"wide\">\n<thead><tr>"
	    "<th scope=\"col\" class=\"n\">At</th><th scope=\"col\">Check</th>"
	    "<th scope=\"col\" class=\"n\">Took</th>"
	    "<th scope=\"col\">Result</th><th scope=\"col\">Answer</th>"
	    "</tr></thead>\n<tbody>\n");
	json_array_foreach (checks, i, check)
		if (!failures_alone || !has_passed(check))
			put_row(page, summary, check);
	page_put(page, "</tbody></table>\n");
}

static void
put_lists(struct page *page, const json_t *summary, const json_t *checks)
{
	size_t n = json_array_size(checks), i, failures = 0;
	const json_t *check;

	json_array_foreach (checks, i, check)
		failures += !has_passed(check);
	if (n <= SHOWN_MAX) {
		page_put(page, "<h3>Answers</h3>\n");
		put_rows(page, summary, checks, false);
		return;
	}
	if (failures > 0 && failures < n) {
		page_put(page, "<h3>Failures</h3>\n");
		put_rows(page, summary, checks, true);
	}
	page_put(page, "<details><summary>All %d answers</summary>\n", (int)n);
	put_rows(page, summary, checks, false);
	page_put(page, "</details>\n");
}

void
report_checks(struct page *page, const json_t *summary)
{
	const json_t *checks = field_list(summary, "checks");
	long long made = field_number(summary, "checks_made");
	long long failed = field_number(summary, "checks_failed");
	char count[PAGE_TIME];

	if (json_array_size(checks) == 0)
		return;
	page_count(count, made);
	page_put(page,
	    "<section class=\"long\">\n<h2>Checks of the new generation</h2>\n"
	    "<p>%s made, %lld failed.",
	    count, failed);
	if (made > (long long)json_array_size(checks))
		page_put(page,
		    " Of so many checks some are shown, evenly over the "
		    "rollout.");
	page_put(page, "</p>\n");
	put_all_figures(page, summary, checks);
	put_drawing(page, summary, checks);
	put_lists(page, summary, checks);
	page_put(page, "</section>\n");
}
