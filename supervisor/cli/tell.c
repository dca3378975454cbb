/* SPDX-License-Identifier: ISC */
/*
 * What the command tells a person on stderr, a line each.
 */
#include "cli/tell.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void
tell_clean(char *text)
{
	unsigned char *p = (unsigned char *)text;

	for (; *p != '\0'; p++) {
		/* Control characters, also those of ISO 6429 in UTF-8. */
		if (*p < 0x20 || *p == 0x7f)
			*p = '?';
		else if (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0)
			p[0] = p[1] = '?';
	}
}

char *
tell_text(const char *fmt, va_list args)
{
	char *text;

	if (vasprintf(&text, fmt, args) == -1)
		return NULL;
	tell_clean(text);
	return text;
}

int
tell(enum exit_status status, const char *fmt, ...)
{
	va_list args;
	char *text;

	va_start(args, fmt);
	text = tell_text(fmt, args);
	va_end(args);
	if (text == NULL)
		return status;
	fprintf(stderr, "hotswap: %s\n", text);
	free(text);
	return status;
}
