/* SPDX-License-Identifier: ISC */
/*
 * The supervisor's own log lines, on stderr, one write(2) each.  A line says
 * what was being done, to what, and why it failed.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdint.h>

/*
 * The environment variable with the absolute path of the directory of the log,
 * if stderr is a file of the service's own.  Successors inherit it.
 */
#define LOG_DIRECTORY "HOTSWAP_LOG"
#define LOG_NAME      "log"

enum log_format { LOG_TEXT, LOG_JSON };
enum log_level { LEVEL_DEBUG, LEVEL_INFO, LEVEL_WARNING, LEVEL_ERROR };

/* Set the service name of each line (copied) and the format. */
void log_open(const char *service, enum log_format);

enum log_format log_format(void);

/* Bound that file to so many bytes (base/logfile.h); 0: no bound. */
void log_bound(uint64_t max);

/* The file has been renamed: write to a new one from here on. */
void log_reopen(void);

void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
