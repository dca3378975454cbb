/* SPDX-License-Identifier: ISC */
/*
 * Log lines: text for people, JSON for collectors.  No function here reports a
 * failure: a log that cannot be written is no reason to stop serving.
 */
#include "base/log.h"

#include <jansson.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/logfile.h"
#include "base/memory.h"

static const char *const level_names[] = { "debug", "info", "warning",
	"error" };

static char service_name[65];
static enum log_format line_format;
static enum log_level least;

/* The file that stderr is; the path is empty if the caller chose stderr. */
static char path[PATH_MAX];
static struct logfile logfile = { .path = path, .fd = STDERR_FILENO };

static void
find_file(void)
{
	const char *directory = getenv(LOG_DIRECTORY);

	if (directory == NULL || directory[0] != '/' ||
	    snprintf(path, sizeof(path), "%s/" LOG_NAME, directory) >=
		(int)sizeof(path))
		path[0] = '\0';
}

void
log_bound(uint64_t max)
{
	logfile.max = max;
}

void
log_reopen(void)
{
	if (path[0] != '\0')
		(void)logfile_reopen(&logfile);
}

void
log_open(const char *service, enum log_format format)
{
	strlcpy(service_name, service, sizeof(service_name));
	line_format = format;
	find_file();
	least = getenv("HOTSWAP_DEBUG") != NULL ? LEVEL_DEBUG : LEVEL_INFO;
}

enum log_format
log_format(void)
{
	return line_format;
}

static int
render_text(char **line, enum log_level level, const char *message)
{
	return asprintf(line, "hotswap: %s%s%s%s\n", service_name,
	    service_name[0] != '\0' ? ": " : "",
	    level == LEVEL_WARNING ? "warning: " : "", message);
}

static int
render_json(char **line, enum log_level level, const char *message)
{
	char time[CLOCK_STAMP];
	json_t *object;
	char *text;
	int n;

	clock_stamp(time);
	object = json_pack("{ss ss ss ss}", "time", time, "level",
	    level_names[level], "service", service_name, "message", message);
	text = memory_text(object, JSON_COMPACT);
	n = asprintf(line, "%s\n", text != NULL ? text : "{}");
	free(text);
	json_decref(object);
	return n;
}

/* A line that cannot be written is lost, as on a full disk. */
static void
write_line(const char *line, int n)
{
	if (path[0] != '\0')
		(void)logfile_write(&logfile, line, n);
	else
		(void)!write(STDERR_FILENO, line, n);
}

/* There is no memory: write as much as there is room for. */
static void
write_plainly(const char *fmt, va_list args)
{
	char line[512];
	int n = vsnprintf(line, sizeof(line), fmt, args);

	if (n >= (int)sizeof(line))
		n = sizeof(line) - 1;
	if (n < 0)
		return;
	line[n] = '\n';
	write_line(line, n + 1);
}

static void
vlog(enum log_level level, const char *fmt, va_list args)
{
	char *message = NULL, *line = NULL;
	va_list again;
	int n;

	if (level < least)
		return;
	va_copy(again, args);
	n = vasprintf(&message, fmt, args);
	if (n == -1)
		message = NULL;
	else
		n = line_format == LOG_JSON
		    ? render_json(&line, level, message)
		    : render_text(&line, level, message);
	if (n != -1) {
		write_line(line, n);
		free(line);
	} else
		write_plainly(fmt, again);
	free(message);
	va_end(again);
}

#define LOG_AT(level)                     \
	do {                              \
		va_list args;             \
		va_start(args, fmt);      \
		vlog((level), fmt, args); \
		va_end(args);             \
	} while (0)

void
log_debug(const char *fmt, ...)
{
	LOG_AT(LEVEL_DEBUG);
}

void
log_info(const char *fmt, ...)
{
	LOG_AT(LEVEL_INFO);
}

void
log_warn(const char *fmt, ...)
{
	LOG_AT(LEVEL_WARNING);
}

void
log_error(const char *fmt, ...)
{
	LOG_AT(LEVEL_ERROR);
}
