/* SPDX-License-Identifier: ISC */
/*
 * Bars, marks and ticks along a time axis.
 */
#include "page/axis.h"

#include <string.h>
#include <sys/param.h>

#define TICKS_MAX   5
#define TICK_HEIGHT 26	/* of the ticks below a drawing */
#define NARROW_PX   340 /* of a drawing, on the narrowest screen */
#define LETTER_PX   6.6
#define BAR_LEAST   0.35 /* percent: any bar is seen */

double
axis_place(const struct axis *axis, long long ms)
{
	return 100.0 * (double)MIN(MAX(ms, 0), axis->total_ms) /
	    (double)axis->total_ms;
}

double
axis_width(const struct axis *axis, long long from, long long to)
{
	return MAX(axis_place(axis, to) - axis_place(axis, from), BAR_LEAST);
}

/* The widest step of 1, 2, 5, 10 ... that makes few ticks. */
static long long
find_step(long long total_ms)
{
	static const long long steps[] = { 1, 2, 5, 10, 20, 50, 100, 200, 500,
		1000, 2000, 5000, 10000, 15000, 30000, 60000, 120000, 300000,
		600000, 1200000, 1800000, 3600000, 7200000, 14400000, 28800000,
		86400000, 172800000, 604800000 };
	size_t i = 0;

	while (i + 1 < sizeof(steps) / sizeof(steps[0]) &&
	    total_ms / steps[i] > TICKS_MAX)
		i++;
	/* Beyond the last step there are few ticks all the same. */
	return total_ms / steps[i] > TICKS_MAX ? total_ms / TICKS_MAX
					       : steps[i];
}

static void
put_ticks(struct page *page, const struct axis *axis)
{
	long long step = find_step(axis->total_ms), ms;
	const char *anchor;
	char time[PAGE_TIME];
	double x;

	for (ms = 0; ms <= axis->total_ms; ms += step) {
		x = axis_place(axis, ms);
		anchor = x < 4 ? "start" : x > 93 ? "end" : "middle";
		page_round_time(time, ms);
		page_put(page,
		    "<line class=\"tick\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"0\" "
		    "y2=\"%d\"/>",
		    x, x, axis->height + (axis->bare ? 0 : 6));
		if (!axis->bare)
			page_put(page,
			    "<text class=\"tick\" x=\"%.2f%%\" y=\"%d\" "
			    "text-anchor=\"%s\">%s</text>\n",
			    x, axis->height + 20, anchor, ms == 0 ? "0" : time);
	}
}

void
axis_begin(struct page *page, const struct axis *axis, const char *described)
{
	page_put(page,
	    "<svg class=\"axis\" width=\"100%%\" height=\"%d\" role=\"img\" "
	    "aria-label=\"%s\">\n",
	    axis->height + (axis->bare ? 0 : TICK_HEIGHT), described);
	put_ticks(page, axis);
}

void
axis_end(struct page *page)
{
	page_put(page, "</svg>\n");
}

void
axis_title(struct page *page, int y, const char *title)
{
	page_put(
	    page, "<text class=\"row\" x=\"0\" y=\"%d\">%s</text>\n", y, title);
}

void
axis_bar(struct page *page, const struct axis *axis, const struct axis_bar *bar)
{
	double x = axis_place(axis, bar->from_ms);
	double width = axis_width(axis, bar->from_ms, bar->to_ms);

	x = MIN(x, 100 - BAR_LEAST);
	page_put(page,
	    "<rect class=\"%s%s\" x=\"%.3f%%\" y=\"%d\" width=\"%.3f%%\" "
	    "height=\"%d\"><title>%s</title></rect>\n",
	    bar->kind, width > 1 && bar->height >= 20 ? " wide" : "", x, bar->y,
	    width, bar->height, bar->about);
	if (bar->text == NULL ||
	    width * NARROW_PX / 100 < (double)strlen(bar->text) * LETTER_PX + 8)
		return;
	page_put(page,
	    "<text class=\"in %s\" x=\"%.3f%%\" y=\"%.1f\" "
	    "text-anchor=\"middle\">%s</text>\n",
	    bar->kind, x + width / 2, bar->y + bar->height / 2.0 + 4.0,
	    bar->text);
}

void
axis_mark(struct page *page, const struct axis *axis, long long ms, double y,
    bool good, const char *about)
{
	double x = axis_place(axis, ms);

	/* Shape and colour differ; style.c turns the square onto its corner. */
	if (good)
		page_put(page,
		    "<circle class=\"good\" cx=\"%.3f%%\" cy=\"%.1f\" "
		    "r=\"4\"><title>%s</title></circle>\n",
		    x, y, about);
	else
		page_put(page,
		    "<rect class=\"bad\" x=\"%.3f%%\" y=\"%.1f\" "
		    "width=\"10\" height=\"10\"><title>%s</title></rect>\n",
		    x, y, about);
}
