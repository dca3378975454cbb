/* SPDX-License-Identifier: ISC */
/*
 * Text for people: aligned columns, wrapped paragraphs, ages and durations.
 */
#include "cli/render.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/param.h>
#include <unistd.h>

#include "cli/tell.h"

#define GAP	   2  /* between columns */
#define CUT_LEAST  16 /* columns that remain of a cell that is cut */
#define CUT_MARK   "..."
#define CUT_LENGTH 3

struct cell {
	char *text;
	enum paint paint;
};

struct table {
	const struct column *columns;
	size_t ncolumns;
	struct cell *cells;
	size_t ncells;
};

static const char *const paints[] = {
	[PAINT_NONE] = "",
	[PAINT_GOOD] = "\033[32m",
	[PAINT_BAD] = "\033[31m",
	[PAINT_FAINT] = "\033[2m",
};

struct table *
table_new(const struct column *columns, size_t n)
{
	struct table *table = calloc(1, sizeof(*table));

	if (table == NULL)
		return NULL;
	table->columns = columns;
	table->ncolumns = n;
	return table;
}

void
table_free(struct table *table)
{
	size_t i;

	if (table == NULL)
		return;
	for (i = 0; i < table->ncells; i++)
		free(table->cells[i].text);
	free(table->cells);
	free(table);
}

void
table_cell(struct table *table, enum paint paint, const char *fmt, ...)
{
	struct cell *more;
	va_list args;
	char *text;

	va_start(args, fmt);
	text = tell_text(fmt, args);
	va_end(args);
	if (text == NULL)
		return;
	more = reallocarray(
	    table->cells, table->ncells + 1, sizeof(*table->cells));
	if (more == NULL) {
		free(text);
		return;
	}
	more[table->ncells++] = (struct cell){ text, paint };
	table->cells = more;
}

/* Does this byte begin a character?  UTF-8's other bytes take no column. */
static bool
begins(char c)
{
	return ((unsigned char)c & 0xc0) != 0x80;
}

static size_t
width_of(const char *text)
{
	size_t width = 0;

	for (; *text != '\0'; text++)
		width += begins(*text);
	return width;
}

/* The text behind the first n characters. */
static const char *
skip(const char *text, size_t n)
{
	while (*text != '\0' && (n > 0 || !begins(*text)))
		n -= begins(*text++);
	return text;
}

/* Print text in at most room columns. */
static void
print_cut(FILE *out, const char *text, size_t room, enum column_fit fit)
{
	size_t width = width_of(text);

	if (width <= room)
		fputs(text, out);
	else if (fit == FIT_CUT_HEAD)
		fprintf(out, CUT_MARK "%s",
		    skip(text, width - (room - CUT_LENGTH)));
	else
		fprintf(out, "%.*s" CUT_MARK,
		    (int)(skip(text, room - CUT_LENGTH) - text), text);
}

/* As render_wrap, without the newline at the end. */
static void
print_wrapped(FILE *out, const char *text, size_t indent, size_t width)
{
	size_t column = indent, length;

	for (;;) {
		text += strspn(text, " ");
		length = strcspn(text, " ");
		if (length == 0)
			break;
		if (column > indent && column + 1 + length > width) {
			fprintf(out, "\n%*s", (int)indent, "");
			column = indent;
		} else if (column > indent) {
			fputc(' ', out);
			column++;
		}
		fprintf(out, "%.*s", (int)length, text);
		column += length;
		text += length;
	}
}

static void
measure(const struct table *table, size_t *widths, size_t width)
{
	size_t i, excess, spare, total = 0;

	for (i = 0; i < table->ncolumns; i++)
		widths[i] = strlen(table->columns[i].title);
	for (i = 0; i < table->ncells; i++) {
		spare = width_of(table->cells[i].text);
		if (spare > widths[i % table->ncolumns])
			widths[i % table->ncolumns] = spare;
	}
	for (i = 0; i < table->ncolumns; i++)
		total += widths[i] + (i > 0 ? GAP : 0);
	for (i = 0; i < table->ncolumns && total > width; i++) {
		if (table->columns[i].fit == FIT_KEEP || widths[i] <= CUT_LEAST)
			continue;
		excess = total - width;
		spare = widths[i] - CUT_LEAST;
		widths[i] -= excess < spare ? excess : spare;
		total -= excess < spare ? excess : spare;
	}
}

static void
print_row(const struct table *table, FILE *out, const size_t *widths,
    const struct cell *cells, bool colours)
{
	const struct column *column = table->columns;
	size_t i, taken, pad = 0, at = 0;

	for (i = 0; i < table->ncolumns; i++, column++) {
		taken = MIN(width_of(cells[i].text), widths[i]);
		if (column->right)
			pad += widths[i] - taken;
		/* Before the next text, so that no line ends with blanks. */
		if (taken > 0) {
			fprintf(out, "%*s", (int)pad, "");
			pad = 0;
		}
		if (colours)
			fputs(paints[cells[i].paint], out);
		if (column->fit == FIT_WRAP)
			print_wrapped(out, cells[i].text, at, at + widths[i]);
		else
			print_cut(out, cells[i].text, widths[i], column->fit);
		if (colours && cells[i].paint != PAINT_NONE)
			fputs("\033[m", out);
		pad += GAP + (column->right ? 0 : widths[i] - taken);
		at += GAP + widths[i];
	}
	fputc('\n', out);
}

void
table_print(const struct table *table, FILE *out, size_t width, bool colours)
{
	size_t i, *widths = calloc(table->ncolumns, sizeof(*widths));
	struct cell *titles = calloc(table->ncolumns, sizeof(*titles));

	if (widths == NULL || titles == NULL)
		goto out;
	measure(table, widths, width);
	for (i = 0; i < table->ncolumns; i++) {
		titles[i].text = (char *)table->columns[i].title;
		titles[i].paint = PAINT_FAINT;
	}
	print_row(table, out, widths, titles, colours);
	for (i = 0; i + table->ncolumns <= table->ncells; i += table->ncolumns)
		print_row(table, out, widths, &table->cells[i], colours);
out:
	free(titles);
	free(widths);
}

void
render_wrap(FILE *out, const char *text, size_t indent, size_t width)
{
	print_wrapped(out, text, indent, width);
	fputc('\n', out);
}

size_t
render_width(FILE *stream)
{
	struct winsize size;

	if (ioctl(fileno(stream), TIOCGWINSZ, &size) == -1 ||
	    size.ws_col < RENDER_WIDTH)
		return RENDER_WIDTH;
	return size.ws_col;
}

bool
render_live(FILE *stream)
{
	const char *term = getenv("TERM");

	return isatty(fileno(stream)) && term != NULL &&
	    strcmp(term, "dumb") != 0;
}

bool
render_colours(FILE *stream)
{
	const char *no_color = getenv("NO_COLOR");

	return render_live(stream) && (no_color == NULL || no_color[0] == '\0');
}

void
render_age(char buf[static RENDER_TIME], int64_t seconds)
{
	static const struct {
		int64_t below, unit;
		char letter;
	} scale[] = { { 120, 1, 's' }, { 7200, 60, 'm' }, { 172800, 3600, 'h' },
		{ INT64_MAX, 86400, 'd' } };
	size_t i = 0;

	if (seconds < 0)
		seconds = 0;
	while (seconds >= scale[i].below)
		i++;
	snprintf(buf, RENDER_TIME, "%lld%c",
	    (long long)(seconds / scale[i].unit), scale[i].letter);
}

void
render_duration(char buf[static RENDER_TIME], int64_t ms)
{
	if (ms < 0)
		ms = 0;
	if (ms < 1000)
		snprintf(buf, RENDER_TIME, "%d ms", (int)ms);
	else if (ms < 60000)
		snprintf(buf, RENDER_TIME, "%d.%d s", (int)(ms / 1000),
		    (int)(ms % 1000 / 100));
	else
		snprintf(buf, RENDER_TIME, "%lld min %d s",
		    (long long)(ms / 60000), (int)(ms % 60000 / 1000));
}

time_t
render_parse_time(const char *stamp)
{
	struct tm tm = { 0 };

	if (stamp == NULL || strptime(stamp, "%Y-%m-%dT%H:%M:%S", &tm) == NULL)
		return -1;
	return timegm(&tm);
}
