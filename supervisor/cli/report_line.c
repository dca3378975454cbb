/* SPDX-License-Identifier: ISC */
/*
 * The phases of a rollout on a time line, with the share of the new generation,
 * its checks, and the same in figures.
 */
#include <string.h>
#include <sys/param.h>

#include "cli/field.h"
#include "cli/report_page.h"
#include "page/axis.h"

enum { BAR = 26, SHARES = 58 };
enum {
	PHASE_TITLE = 12,
	PHASE_BAR = 18,
	SHARE_TITLE = PHASE_BAR + BAR + 24,
	SHARE_BAR = SHARE_TITLE + 6,
	CHECK_TITLE = SHARE_BAR + SHARES + 24,
	CHECK_MARK = CHECK_TITLE + 16,
	HEIGHT = CHECK_MARK + 12,
	HEIGHT_BARE = SHARE_BAR + SHARES,
};

/* The phases, and what happens in them, for who does not know the words. */
static const struct phase {
	const char *name, *text;
} phases[] = {
	{ "resolve", "the program file is found, hashed and copied" },
	{ "start", "the new generation starts, until it is ready" },
	{ "check", "health checks, before any user reaches it" },
	{ "shift", "it gets this share of the new connections" },
	{ "bake", "it gets all; the old generation stands by" },
	{ "stop", "the old generation ends first" },
	{ "restore", "the old generation is started again" },
	{ "pause", "new connections waited" },
	{ "", "" }, /* of another version */
};

static const struct phase *
find_phase(const char *name)
{
	const struct phase *phase = phases;

	while (phase->name[0] != '\0' && strcmp(phase->name, name) != 0)
		phase++;
	return phase;
}

/* A phase, and when it was. */
struct span {
	const json_t *phase;
	const char *name;
	long long from_ms, to_ms;
	long long share; /* of the new generation; -1: not in question */
};

/*
 * The next phase, from_ms on.  A pause ends where it was noted, and overlaps
 * those before.
 */
static struct span
next_span(const json_t *phase, long long from_ms)
{
	long long ms = MAX(field_number(phase, "ms"), 0);
	struct span span = { phase, field_string(phase, "phase"), from_ms,
		from_ms + ms, 0 };

	if (strcmp(span.name, "pause") == 0)
		span = (struct span){ phase, span.name, MAX(from_ms - ms, 0),
			from_ms, -1 };
	else if (strcmp(span.name, "bake") == 0)
		span.share = 100;
	else if (strcmp(span.name, "shift") == 0)
		span.share = field_number(phase, "share");
	return span;
}

/* `shift 20 %` */
static void
name_span(const struct span *span, char *text, size_t size)
{
	if (strcmp(span->name, "shift") == 0)
		snprintf(text, size, "shift %lld %%", span->share);
	else
		snprintf(text, size, "%s", span->name);
}

static void
put_phase_bar(
    struct page *page, const struct axis *axis, const struct span *span)
{
	char name[32], label[24], time[PAGE_TIME], about[80];
	struct axis_bar bar = { .kind = find_phase(span->name)->name,
		.text = name,
		.about = about,
		.from_ms = span->from_ms,
		.to_ms = span->to_ms,
		.y = PHASE_BAR,
		.height = BAR };

	name_span(span, name, sizeof(name));
	page_time(time, span->to_ms - span->from_ms);
	snprintf(about, sizeof(about), "%s: %s", name, time);
	if (span->share == -1) {
		/* Beside the phases that it overlaps. */
		bar.y = PHASE_BAR + BAR - 6;
		bar.height = 6;
		bar.text = NULL;
	}
	if (strcmp(span->name, "shift") == 0) {
		snprintf(label, sizeof(label), "%lld %%", span->share);
		bar.text = label;
	}
	axis_bar(page, axis, &bar);
}

static void
put_share_bar(
    struct page *page, const struct axis *axis, const struct span *span)
{
	char about[80];
	struct axis_bar bar = { .kind = "new",
		.about = about,
		.from_ms = span->from_ms,
		.to_ms = span->to_ms };

	if (span->share <= 0)
		return;
	snprintf(about, sizeof(about), "%lld %% of the new connections",
	    span->share);
	/* Any share above 0 is seen. */
	bar.height = MAX((int)(MIN(span->share, 100) * SHARES / 100), 2);
	bar.y = SHARE_BAR + SHARES - bar.height;
	axis_bar(page, axis, &bar);
}

static void
put_checks(struct page *page, const struct axis *axis, const json_t *checks)
{
	const json_t *check;
	char about[320], said[REPORT_SAID];
	bool passed;
	size_t i;

	axis_title(page, CHECK_TITLE, "Checks");
	json_array_foreach (checks, i, check) {
		passed = json_is_true(json_object_get(check, "passed"));
		report_said(said, check, "answer");
		snprintf(about, sizeof(about), "%s: %.256s",
		    passed ? "passed" : "failed", said);
		axis_mark(page, axis,
		    field_number(check, "at") + field_number(check, "ms"),
		    CHECK_MARK, passed, about);
	}
}

static void
put_drawing(struct page *page, const json_t *summary)
{
	const json_t *checks = field_list(summary, "checks"), *phase;
	const bool bare = json_array_size(checks) == 0;
	struct axis axis = { .total_ms = report_total(summary),
		.height = bare ? HEIGHT_BARE : HEIGHT };
	struct axis_bar whole = { .kind = "old",
		.about = "the old generation",
		.to_ms = axis.total_ms,
		.y = SHARE_BAR,
		.height = SHARES };
	struct span span = { 0 };
	size_t i;

	axis_begin(page, &axis,
	    "The phases of the rollout on a time line; the table below has "
	    "the same in figures");
	axis_title(page, PHASE_TITLE, "Phases");
	axis_title(page, SHARE_TITLE, "Share of the new connections");
	axis_bar(page, &axis, &whole);
	json_array_foreach (field_list(summary, "phases"), i, phase) {
		span = next_span(phase, span.to_ms);
		put_phase_bar(page, &axis, &span);
		put_share_bar(page, &axis, &span);
	}
	if (!bare)
		put_checks(page, &axis, checks);
	axis_end(page);
}

static void
put_key(struct page *page, const json_t *summary)
{
	long long from = field_number(summary, "from");
	long long to = field_number(summary, "to");
	const char *const swatch = "<svg width=\"12\" height=\"12\" "
				   "aria-hidden=\"true\"><rect class=\"";

	page_put(page, "<ul class=\"key\">\n<li>");
	fputs(swatch, page->out);
	page_put(page,
	    "old\" width=\"12\" height=\"12\"/></svg>generation %lld (before)"
	    "</li>\n",
	    from);
	if (to != 0) {
		page_put(page, "<li>");
		fputs(swatch, page->out);
		page_put(page,
		    "new\" width=\"12\" height=\"12\"/></svg>generation %lld "
		    "(this rollout’s)</li>\n",
		    to);
	}
	page_put(page, "</ul>\n");
}

static void
put_row(struct page *page, const struct span *span)
{
	char name[32], began[PAGE_TIME], took[PAGE_TIME];

	name_span(span, name, sizeof(name));
	page_time(began, span->from_ms);
	page_time(took, span->to_ms - span->from_ms);
	page_put(page,
	    "<tr><td class=\"t\">%s</td>"
	    "<td class=\"n\">%s</td>"
	    "<td class=\"n\">%s</td>"
	    "<td class=\"faint\">%s</td></tr>\n",
	    name, span->from_ms == 0 ? "0" : began, took,
	    find_phase(span->name)->text);
}

void
report_line(struct page *page, const json_t *summary)
{
	const json_t *list = field_list(summary, "phases"), *phase;
	struct span span = { 0 };
	size_t i;

	if (json_array_size(list) == 0)
		return;
	page_put(page, "<section>\n<h2>Time line</h2>\n");
	put_drawing(page, summary);
	put_key(page, summary);
	page_put(page,
	    "<h3>Phases</h3>\n<table>\n<thead><tr>"
	    "<th scope=\"col\">Phase</th><th scope=\"col\" class=\"n\">From"
	    "</th><th scope=\"col\" class=\"n\">Took</th>"
	    "<th scope=\"col\">Meaning</th></tr></thead>\n<tbody>\n");
	json_array_foreach (list, i, phase) {
		span = next_span(phase, span.to_ms);
		put_row(page, &span);
	}
	page_put(page, "</tbody></table>\n</section>\n");
}
