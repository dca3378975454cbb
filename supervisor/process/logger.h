/* SPDX-License-Identifier: ISC */
/*
 * The logger: a process that writes what a program prints, from a pipe into
 * a file, so that neither the supervisor's loop nor its log has to do with
 * it.  It ends when nobody has the pipe's other end any more.
 */
#ifndef PROCESS_LOGGER_H
#define PROCESS_LOGGER_H

#include <stdint.h>
#include <sys/types.h>

#define LOGGER_OPTION "--logger"
#define LOGGER_FILE   "output"

/* All borrowed for the call. */
struct logger_spec {
	const char *name;      /* of the service, for ps(1) */
	int pipe;	       /* its reading end */
	const char *directory; /* in which LOGGER_FILE is; NULL: */
	int sink;	       /* write to this descriptor instead */
	uint64_t max;	       /* as base/logfile.h has it */
};

/*
 * Start one, a child of ours.  In the directory it follows the file's name,
 * and SIGUSR1 makes it open it anew.  Its PID; -1 with errno.
 */
pid_t logger_start(const struct logger_spec *);

/* What such a process does: argv is behind LOGGER_OPTION.  Exit status. */
int logger_main(char *const *argv);

#endif
