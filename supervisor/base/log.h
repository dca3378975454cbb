/* SPDX-License-Identifier: ISC */
/*
 * The supervisor's own lines, on stderr, one write(2) each.  A line names
 * what was being done, to what, and why it failed.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdint.h>

/*
 * Where stderr is a file of the service's own: the directory that it is in,
 * as an absolute path, in the environment, so that our successors know it.
 */
#define LOG_DIRECTORY "HOTSWAP_LOG"
#define LOG_NAME      "log"

enum log_format { LOG_TEXT, LOG_JSON };
enum log_level { LEVEL_DEBUG, LEVEL_INFO, LEVEL_WARNING, LEVEL_ERROR };

/* Name the service that lines speak of (copied) and the format. */
void log_open(const char *service, enum log_format);

enum log_format log_format(void);

/* Let that file grow to so many bytes (base/logfile.h); 0: without a bound. */
void log_bound(uint64_t max);

/* It has been renamed: go on in a new one. */
void log_reopen(void);

void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
