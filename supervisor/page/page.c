/* SPDX-License-Identifier: ISC */
/*
 * The frame of a page, and the one way by which text gets into it.
 */
#include "page/page.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "page/style.h"

#define SPEC_MAX 16

void
page_begin(struct page *page, FILE *out, const char *title)
{
	page->out = out;
	page_put(page,
	    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
	    "<meta charset=\"utf-8\">\n"
	    "<meta http-equiv=\"Content-Security-Policy\" content=\""
	    "default-src 'none'; style-src 'unsafe-inline'; "
	    "base-uri 'none'; form-action 'none'\">\n"
	    "<meta name=\"viewport\" "
	    "content=\"width=device-width, initial-scale=1\">\n"
	    "<meta name=\"color-scheme\" content=\"light dark\">\n"
	    "<meta name=\"referrer\" content=\"no-referrer\">\n"
	    "<title>%s</title>\n<style>\n",
	    title);
	fputs(style_text, out);
	page_put(page, "</style>\n</head>\n<body>\n<main>\n");
}

void
page_end(struct page *page)
{
	page_put(page, "</main>\n</body>\n</html>\n");
}

/* The length of the character that begins here; 0: it is not UTF-8. */
static size_t
measure(const unsigned char *s)
{
	size_t n = s[0] < 0x80		  ? 1
	    : s[0] >= 0xc2 && s[0] < 0xe0 ? 2
	    : s[0] >= 0xe0 && s[0] < 0xf0 ? 3
	    : s[0] >= 0xf0 && s[0] < 0xf5 ? 4
					  : 0;
	size_t i;

	for (i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

/* May this character be shown, as it is? */
static bool
is_fit(const unsigned char *s, size_t n)
{
	/* Control characters, of which tab and newline are space. */
	if (n == 1)
		return (s[0] >= ' ' && s[0] != 0x7f) || s[0] == '\t' ||
		    s[0] == '\n';
	if (n == 2)
		return s[0] != 0xc2 || s[1] >= 0xa0;
	/* What turns the direction of text that follows: U+202A.., U+2066.. */
	if (s[0] == 0xe2 && s[1] == 0x80 && s[2] >= 0xaa && s[2] <= 0xae)
		return false;
	if (s[0] == 0xe2 && s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9)
		return false;
	/* No characters at all: U+FFFE, U+FFFF. */
	return n != 3 || s[0] != 0xef || s[1] != 0xbf || s[2] < 0xbe;
}

static const char *
find_entity(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	}
	return NULL;
}

/* The first characters of a text, at most so many bytes. */
static void
put_text(struct page *page, const char *text, size_t most)
{
	const char *entity;
	size_t n;

	for (; *text != '\0' && most > 0; text += n, most -= n) {
		n = measure((const unsigned char *)text);
		if (n > most)
			break;
		if (n == 0 || !is_fit((const unsigned char *)text, n)) {
			fputs("\xef\xbf\xbd", page->out);
			n += n == 0;
		} else if ((entity = find_entity(*text)) != NULL) {
			fputs(entity, page->out);
		} else {
			fwrite(text, 1, n, page->out);
		}
	}
}

void
page_text(struct page *page, const char *text)
{
	put_text(page, text, SIZE_MAX);
}

/* Put one conversion; its length is in spec. */
static void
put_value(struct page *page, const char *spec, va_list *args)
{
	const char *precision = strchr(spec, '.');
	size_t n = strlen(spec);
	bool wide = n > 2 && spec[n - 2] == 'l';

/* The conversions are those of page_put, which the compiler has checked. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	switch (spec[n - 1]) {
	case 's':
		put_text(page, va_arg(*args, const char *),
		    precision != NULL ? strtoul(precision + 1, NULL, 10)
				      : SIZE_MAX);
		break;
	case 'f':
		fprintf(page->out, spec, va_arg(*args, double));
		break;
	case 'd':
		if (wide)
			fprintf(page->out, spec, va_arg(*args, long long));
		else
			fprintf(page->out, spec, va_arg(*args, int));
		break;
	case 'u':
		fprintf(page->out, spec, va_arg(*args, unsigned int));
		break;
	}
#pragma GCC diagnostic pop
}

void
page_put(struct page *page, const char *markup, ...)
{
	char spec[SPEC_MAX];
	va_list args;
	size_t n;

	va_start(args, markup);
	while (*markup != '\0') {
		n = strcspn(markup, "%");
		fwrite(markup, 1, n, page->out);
		markup += n;
		if (*markup == '\0')
			break;
		if (markup[1] == '%') {
			putc('%', page->out);
			markup += 2;
			continue;
		}
		n = strcspn(markup, "sduf") + 1;
		snprintf(spec, sizeof(spec), "%.*s", (int)n, markup);
		put_value(page, spec, &args);
		markup += n;
	}
	va_end(args);
}

void
page_time(char buf[static PAGE_TIME], long long ms)
{
	if (ms < 1000)
		snprintf(buf, PAGE_TIME, "%lld ms", ms);
	else if (ms < 10000)
		snprintf(buf, PAGE_TIME, "%.2f s", (double)ms / 1000);
	else if (ms < 60000)
		snprintf(buf, PAGE_TIME, "%.1f s", (double)ms / 1000);
	else if (ms < 3600000)
		snprintf(buf, PAGE_TIME, "%lld min %lld s", ms / 60000,
		    ms / 1000 % 60);
	else
		snprintf(buf, PAGE_TIME, "%lld h %lld min", ms / 3600000,
		    ms / 60000 % 60);
}

void
page_round_time(char buf[static PAGE_TIME], long long ms)
{
	if (ms < 1000 || ms % 10 != 0)
		page_time(buf, ms);
	else if (ms < 60000 || ms % 1000 != 0)
		snprintf(buf, PAGE_TIME, "%g s", (double)ms / 1000);
	else if (ms % 3600000 == 0)
		snprintf(buf, PAGE_TIME, "%lld h", ms / 3600000);
	else if (ms % 60000 == 0)
		snprintf(buf, PAGE_TIME, "%lld min", ms / 60000);
	else
		page_time(buf, ms);
}

void
page_stamp(char buf[static PAGE_TIME], const char *stamp)
{
	snprintf(buf, PAGE_TIME, "%.19s UTC", stamp);
	if (strlen(buf) > 10 && buf[10] == 'T')
		buf[10] = ' ';
}

long long
page_read_stamp(const char *stamp)
{
	struct tm tm = { 0 };
	const char *rest = strptime(stamp, "%Y-%m-%dT%H:%M:%S", &tm);
	long ms = 0;

	if (rest == NULL)
		return 0;
	if (rest[0] == '.')
		ms = strtol(rest + 1, NULL, 10);
	return (long long)timegm(&tm) * 1000 + ms % 1000;
}

void
page_count(char buf[static PAGE_TIME], long long n)
{
	char digits[PAGE_TIME];
	size_t length, i, used = 0;

	snprintf(digits, sizeof(digits), "%lld", n);
	length = strlen(digits);
	for (i = 0; i < length && used < PAGE_TIME - 2; i++) {
		if (i > 0 && (length - i) % 3 == 0 && digits[i - 1] != '-')
			buf[used++] = ',';
		buf[used++] = digits[i];
	}
	buf[used] = '\0';
}
