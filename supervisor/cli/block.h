/* SPDX-License-Identifier: ISC */
/*
 * A few lines at the bottom of what a terminal shows, which are rewritten in
 * place; all else scrolls by above them.
 */
#ifndef CLI_BLOCK_H
#define CLI_BLOCK_H

#include <stdio.h>

#define BLOCK_LINES 64

/* All zero but for out, at first. */
struct block {
	FILE *out; /* a terminal; borrowed */
	size_t n;  /* lines on the screen */
	size_t widths[BLOCK_LINES];
};

/*
 * Show this text in place of the one before: as many of its lines as the
 * terminal has room for, each cut where it would wrap.  Text may have
 * colours; other control characters are the caller's to remove.
 */
void block_draw(struct block *, const char *text);

/* Take it off the screen. */
void block_clear(struct block *);

#endif
