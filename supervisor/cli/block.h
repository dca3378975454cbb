/* SPDX-License-Identifier: ISC */
/*
 * A few lines at the bottom of what a terminal shows.  They are rewritten in
 * place; all other output scrolls above them.
 */
#ifndef CLI_BLOCK_H
#define CLI_BLOCK_H

#include <stdio.h>

#define BLOCK_LINES 64

/* At first every member but out is zero. */
struct block {
	FILE *out; /* a terminal; borrowed */
	size_t n;  /* lines on the screen */
	size_t widths[BLOCK_LINES];
};

/*
 * Show this text in place of the text before: as many of its lines as the
 * terminal has room for, each line cut where it would wrap.  The text may have
 * colours; the caller removes other control characters.
 */
void block_draw(struct block *, const char *text);

/* Take the block off the screen. */
void block_clear(struct block *);

#endif
