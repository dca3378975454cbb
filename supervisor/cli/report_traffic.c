/* SPDX-License-Identifier: ISC */
/*
 * What each generation was given: the kernel's counters, which the supervisor
 * has read whenever the shares changed.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>

#include "cli/field.h"
#include "cli/report_page.h"
#include "page/axis.h"

/* What was given between two readings of the counters. */
struct stretch {
	long long from_ms, to_ms;
	long long share;
	long long old, new;
};

static struct stretch
measure(const json_t *before, const json_t *after)
{
	return (struct stretch){ field_number(before, "at"),
		field_number(after, "at"), field_number(before, "share"),
		MAX(field_number(after, "from") - field_number(before, "from"),
		    0),
		MAX(field_number(after, "to") - field_number(before, "to"),
		    0) };
}

static double
part_of(const struct stretch *stretch)
{
	long long all = stretch->old + stretch->new;

	return all > 0 ? 100.0 * (double)stretch->new / (double)all : 0;
}

/* The two parts, and a line where the share is. */
static void
put_split(struct page *page, const struct stretch *stretch)
{
	double part = part_of(stretch);

	page_put(page,
	    "<svg class=\"split\" width=\"100%%\" height=\"20\" role=\"img\" "
	    "aria-label=\"%.1f %% to the new generation, share %lld %%\">",
	    part, stretch->share);
	if (stretch->old + stretch->new > 0)
		page_put(page,
		    "<rect class=\"old\" y=\"4\" width=\"100%%\" "
		    "height=\"12\"/><rect class=\"new\" y=\"4\" "
		    "width=\"%.2f%%\" height=\"12\"/>",
		    part);
	else
		page_put(page,
		    "<rect class=\"lane\" y=\"4\" width=\"100%%\" "
		    "height=\"12\"/>");
	if (stretch->share > 0 && stretch->share < 100)
		page_put(page,
		    "<line x1=\"%lld%%\" x2=\"%lld%%\" y1=\"0\" y2=\"20\"/>",
		    stretch->share, stretch->share);
	page_put(page, "</svg>");
}

static void
put_stretch(struct page *page, const struct stretch *stretch)
{
	char from[PAGE_TIME], took[PAGE_TIME], old[PAGE_TIME], new[PAGE_TIME];

	page_time(from, stretch->from_ms);
	page_time(took, stretch->to_ms - stretch->from_ms);
	page_count(old, stretch->old);
	page_count(new, stretch->new);
	page_put(page,
	    "<tr><td class=\"n\" data-label=\"From\">%s</td>"
	    "<td class=\"n\" data-label=\"For\">%s</td>"
	    "<td class=\"n\" data-label=\"Share\">%lld %%</td>"
	    "<td class=\"n\" data-label=\"Old\">%s</td>"
	    "<td class=\"n\" data-label=\"New\">%s</td>",
	    from, took, stretch->share, old, new);
	if (stretch->old + stretch->new > 0)
		page_put(page,
		    "<td class=\"n\" data-label=\"Got\">%.1f %%</td>",
		    part_of(stretch));
	else
		page_put(page, "<td class=\"n\" data-label=\"Got\">–</td>");
	page_put(page, "<td class=\"part\">");
	put_split(page, stretch);
	page_put(page, "</td></tr>\n");
}

static void
put_table(struct page *page, const json_t *summary, const json_t *counts)
{
	struct stretch stretch;
	size_t i;

	page_put(page,
	    "<table class=\"wide\">\n<thead><tr>"
	    "<th scope=\"col\" class=\"n\">From</th>"
	    "<th scope=\"col\" class=\"n\">For</th>"
	    "<th scope=\"col\" class=\"n\">Share</th>"
	    "<th scope=\"col\" class=\"n\">Generation %lld</th>"
	    "<th scope=\"col\" class=\"n\">Generation %lld</th>"
	    "<th scope=\"col\" class=\"n\">It got</th>"
	    "<th scope=\"col\">In proportion</th></tr></thead>\n<tbody>\n",
	    (long long)field_number(summary, "from"),
	    (long long)field_number(summary, "to"));
	for (i = 0; i + 1 < json_array_size(counts); i++) {
		stretch = measure(
		    json_array_get(counts, i), json_array_get(counts, i + 1));
		put_stretch(page, &stretch);
	}
	page_put(page, "</tbody></table>\n");
}

void
report_traffic(struct page *page, const json_t *summary)
{
	const json_t *counts = field_list(summary, "counts");
	bool counted = json_is_true(json_object_get(summary, "counted"));

	if (field_object(summary, "plan") == NULL)
		return;
	page_put(page, "<section>\n<h2>Connections by generation</h2>\n");
	if (json_array_size(counts) > 1) {
		put_table(page, summary, counts);
		page_put(page,
		    "<p class=\"note\">Counted in the kernel by the eBPF "
		    "program that chooses: connections of TCP and datagrams "
		    "of UDP that each generation was given, without health "
		    "checks. The upright line is the share that was set."
		    "</p>\n");
	} else if (!counted) {
		page_put(page,
		    "<p class=\"note\">Not counted: on this host the kernel "
		    "chooses without eBPF (<code>hotswap doctor</code> says "
		    "why), and then nobody counts.</p>\n");
	} else {
		page_put(page,
		    "<p class=\"note\">The new generation was given no "
		    "share, or there are too many addresses to count "
		    "during a rollout.</p>\n");
	}
	page_put(page, "</section>\n");
}
