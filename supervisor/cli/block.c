/* SPDX-License-Identifier: ISC */
/*
 * A few lines that are rewritten in place: nothing but ECMA-48's moves up and
 * erasing, which every terminal has.
 */
#include "cli/block.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/param.h>

#define ESCAPE '\033'

static struct winsize
window(FILE *out)
{
	struct winsize size;

	if (ioctl(fileno(out), TIOCGWINSZ, &size) == -1 || size.ws_col == 0 ||
	    size.ws_row == 0)
		size = (struct winsize){ .ws_row = 24, .ws_col = 80 };
	return size;
}

/* To the first line of the block: a narrower terminal has wrapped them. */
static void
go_up(struct block *block)
{
	size_t i, rows = 0, columns = window(block->out).ws_col;

	for (i = 0; i < block->n; i++)
		rows += MAX(howmany(block->widths[i], columns), 1);
	if (rows > 0)
		fprintf(block->out, "\033[%zuA", rows);
	fputc('\r', block->out);
}

/* The bytes of the next thing on the screen; *width is its columns. */
static size_t
next(const char *text, size_t *width)
{
	size_t n = 1;

	*width = text[0] != ESCAPE;
	if (text[0] == ESCAPE) {
		n = strcspn(text, "m");
		return n + (text[n] == 'm');
	}
	while (((unsigned char)text[n] & 0xc0) == 0x80)
		n++;
	return n;
}

/* Returns the columns that it takes, at most room. */
static size_t
put_line(FILE *out, const char *line, size_t length, size_t room)
{
	const char *end = line + length;
	size_t n, width, taken = 0;

	for (; line < end; line += n) {
		n = next(line, &width);
		if (taken + width > room)
			continue; /* but colours end where they should */
		fwrite(line, 1, MIN(n, (size_t)(end - line)), out);
		taken += width;
	}
	return taken;
}

void
block_draw(struct block *block, const char *text)
{
	struct winsize size = window(block->out);
	size_t length, n = 0, rows = MIN(size.ws_row - 1, BLOCK_LINES);

	go_up(block);
	for (; *text != '\0' && n < rows; n++) {
		length = strcspn(text, "\n");
		block->widths[n] =
		    put_line(block->out, text, length, size.ws_col - 1U);
		fputs("\033[K\n", block->out);
		text += length + (text[length] == '\n');
	}
	block->n = n;
	fputs("\033[J", block->out);
	fflush(block->out);
}

void
block_clear(struct block *block)
{
	if (block->n == 0)
		return;
	go_up(block);
	block->n = 0;
	fputs("\033[J", block->out);
	fflush(block->out);
}
