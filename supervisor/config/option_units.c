/* SPDX-License-Identifier: ISC */
/*
 * Counts, durations and signals: text to number and back.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/param.h>

#include "config/option_values.h"

/* The greatest unit comes first; a number without a unit has the one of "". */
struct unit {
	const char *suffix;
	unsigned int size;
};

static const struct unit durations[] = {
	{ "h", 3600 * 1000 },
	{ "m", 60 * 1000 },
	{ "s", 1000 },
	{ "ms", 1 },
	{ "", 1000 },
	{ NULL, 0 },
};

static const struct unit sizes[] = {
	{ "G", 1U << 30 },
	{ "M", 1U << 20 },
	{ "K", 1U << 10 },
	{ "", 1 },
	{ NULL, 0 },
};

/* Names in signal(7) that sigabbrev_np(3) does not return. */
static const struct alias {
	const char *name;
	int signal;
} aliases[] = {
	{ "IO", SIGIO },
	{ "IOT", SIGIOT },
	{ "CLD", SIGCHLD },
	{ NULL, 0 },
};

/* Digits are checked first, as strtonum(3) would take spaces and a sign. */
int
option_read_count(const char *text, unsigned int *n)
{
	const char *error;

	if (text[0] == '\0' || text[strspn(text, "0123456789")] != '\0') {
		errno = EINVAL;
		return -1;
	}
	*n = strtonum(text, 0, INT_MAX, &error);
	if (error != NULL)
		errno = ERANGE;
	return error == NULL ? 0 : -1;
}

/*
 * Read digits with at most one point among them.  The fraction is *fraction /
 * *scale; digits after the sixth are ignored.
 */
static const char *
read_number(const char *p, uint64_t *whole, uint64_t *fraction, uint64_t *scale)
{
	*whole = *fraction = 0;
	*scale = 1;
	if (!isdigit((unsigned char)*p))
		return NULL;
	for (; isdigit((unsigned char)*p); p++)
		*whole = MIN(*whole * 10 + (*p - '0'), UINT32_MAX + 1ULL);
	if (*p != '.')
		return p;
	if (!isdigit((unsigned char)*++p))
		return NULL;
	for (; isdigit((unsigned char)*p); p++) {
		if (*scale < 1000000) {
			*fraction = *fraction * 10 + (*p - '0');
			*scale *= 10;
		}
	}
	return p;
}

/* A number with one of the units, *amount. */
static int
read_amount(const char *text, const struct unit *unit,
    int (*compare)(const char *, const char *), unsigned int *amount)
{
	uint64_t whole, fraction, scale, total;
	const char *suffix;

	if ((suffix = read_number(text, &whole, &fraction, &scale)) == NULL)
		suffix = "?";
	while (unit->suffix != NULL && compare(suffix, unit->suffix) != 0)
		unit++;
	if (unit->suffix == NULL) {
		errno = EINVAL;
		return -1;
	}
	/* Rounded up, so that only 0 becomes 0. */
	total = whole * unit->size + howmany(fraction * unit->size, scale);
	if (total > UINT_MAX) {
		errno = ERANGE;
		return -1;
	}
	*amount = (unsigned int)total;
	return 0;
}

int
options_duration(const char *text, unsigned int *ms)
{
	return read_amount(text, durations, strcmp, ms);
}

int
options_size(const char *text, unsigned int *bytes)
{
	return read_amount(text, sizes, strcasecmp, bytes);
}

void
option_format_duration(unsigned int ms, char buf[static OPTION_TEXT_MAX])
{
	const struct unit *unit = durations;

	while (ms % unit->size != 0 || ms < unit->size) {
		if (ms == 0 || unit->size == 1)
			break;
		unit++;
	}
	snprintf(buf, OPTION_TEXT_MAX, "%u%s", ms / unit->size,
	    ms == 0 ? "s" : unit->suffix);
}

void
option_format_size(unsigned int bytes, char buf[static OPTION_TEXT_MAX])
{
	const struct unit *unit = sizes;

	while (unit->size > 1 && (bytes == 0 || bytes % unit->size != 0))
		unit++;
	snprintf(
	    buf, OPTION_TEXT_MAX, "%u%s", bytes / unit->size, unit->suffix);
}

/* The N behind RTMIN or RTMAX, from no text or from a sign and digits. */
static int
realtime_offset(const char *text, char sign)
{
	const char *error;
	int n;

	if (text[0] == '\0')
		return 0;
	if (text[0] != sign || !isdigit((unsigned char)text[1]))
		return -1;
	n = strtonum(text + 1, 0, SIGRTMAX - SIGRTMIN, &error);
	return error == NULL ? n : -1;
}

static int
signal_by_name(const char *name)
{
	const struct alias *alias;
	const char *abbreviation;
	int n;

	for (n = 1; n < SIGRTMIN; n++) {
		abbreviation = sigabbrev_np(n);
		if (abbreviation != NULL && strcasecmp(name, abbreviation) == 0)
			return n;
	}
	for (alias = aliases; alias->name != NULL; alias++) {
		if (strcasecmp(name, alias->name) == 0)
			return alias->signal;
	}
	if (strncasecmp(name, "RTMIN", 5) == 0 &&
	    (n = realtime_offset(name + 5, '+')) != -1)
		return SIGRTMIN + n;
	if (strncasecmp(name, "RTMAX", 5) == 0 &&
	    (n = realtime_offset(name + 5, '-')) != -1)
		return SIGRTMAX - n;
	return -1;
}

/* The numbers between the named ones and SIGRTMIN are the C library's. */
static bool
signal_exists(int n)
{
	return sigabbrev_np(n) != NULL || (n >= SIGRTMIN && n <= SIGRTMAX);
}

int
options_signal(const char *text)
{
	const char *error;
	int n;

	if (isdigit((unsigned char)text[0])) {
		n = strtonum(text, 1, SIGRTMAX, &error);
		if (error != NULL || !signal_exists(n))
			n = -1;
	} else
		n = signal_by_name(
		    strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text);
	if (n == -1)
		errno = EINVAL;
	return n;
}

void
option_format_signal(int signal, char buf[static OPTION_TEXT_MAX])
{
	if (signal < SIGRTMIN)
		snprintf(buf, OPTION_TEXT_MAX, "SIG%s", sigabbrev_np(signal));
	else
		snprintf(
		    buf, OPTION_TEXT_MAX, "SIGRTMIN+%d", signal - SIGRTMIN);
}
