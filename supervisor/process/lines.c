/* SPDX-License-Identifier: ISC */
/*
 * Lines out of a stream of bytes that somebody else writes, made safe for a
 * terminal, a log and a JSON string.
 */
#include "process/lines.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/*
 * The number of bytes of the character at s, at most n, if it is complete,
 * valid (RFC 3629) and no control character; else 0.
 */
static size_t
printable(const unsigned char *s, size_t n)
{
	static const uint32_t least[] = { 0, 0x20, 0xa0, 0x800, 0x10000 };
	uint32_t c = s[0];
	size_t len, i;

	len = c < 0x80 ? 1 : c < 0xc0 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	if (len == 0 || len > n || c >= 0xf8)
		return 0;
	if (len > 1)
		c &= 0x7f >> len;
	for (i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least[len] || c == 0x7f || (c >= 0xd800 && c <= 0xdfff) ||
	    c > 0x10ffff)
		return 0;
	return len;
}

static bool
blank(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (s[i] != ' ' && s[i] != '\t')
			return false;
	return true;
}

static void
line_ends(struct lines *lines)
{
	const unsigned char *s = (const unsigned char *)lines->next;
	size_t n = lines->len, used = 0, len;

	lines->len = 0;
	if (blank(lines->next, n))
		return;
	for (; n > 0; s += len, n -= len, used += len) {
		len = printable(s, n);
		if (len > 0) {
			memcpy(lines->last + used, s, len);
		} else {
			lines->last[used] = *s == '\t' ? ' ' : '?';
			len = 1;
		}
	}
	lines->last[used] = '\0';
	if (lines->fn != NULL)
		lines->fn(lines->last, lines->arg);
}

void
lines_init(struct lines *lines, lines_fn *fn, void *arg)
{
	lines->len = 0;
	lines->last[0] = '\0';
	lines->fn = fn;
	lines->arg = arg;
}

/* A carriage return ends a line, too, as in a progress display. */
void
lines_feed(struct lines *lines, const char *data, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (data[i] == '\n' || data[i] == '\r')
			line_ends(lines);
		else if (lines->len < sizeof(lines->next))
			lines->next[lines->len++] = data[i];
	}
}

void
lines_end(struct lines *lines)
{
	line_ends(lines);
}

const char *
lines_last(const struct lines *lines)
{
	return lines->last;
}
