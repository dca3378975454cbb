/* SPDX-License-Identifier: ISC */
/*
 * The supervisor's own lines, on stderr, one write(2) each.  A line names
 * what was being done, to what, and why it failed.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

enum log_format { LOG_TEXT, LOG_JSON };
enum log_level { LEVEL_DEBUG, LEVEL_INFO, LEVEL_WARNING, LEVEL_ERROR };

/* Name the service that lines speak of (copied) and the format. */
void log_open(const char *service, enum log_format);

enum log_format log_format(void);

void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
