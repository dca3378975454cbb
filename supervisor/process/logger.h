/* SPDX-License-Identifier: ISC */
/*
 * The logger: a process that writes what a program prints from a pipe into a
 * file, so that the supervisor's loop has nothing to do with it.  It ends when
 * no process has the other end of the pipe any more.
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
	const char *directory; /* where LOGGER_FILE is; NULL: write */
	int sink;	       /* to this descriptor instead */
	uint64_t max;	       /* as in base/logfile.h */
};

/*
 * Start a logger, a child of ours.  In a directory it follows the file's name,
 * and SIGUSR1 makes it open the file again.  Returns its PID; -1 with errno.
 */
pid_t logger_start(const struct logger_spec *);

/* The main function of a logger; argv is behind LOGGER_OPTION.  Exit status. */
int logger_main(char *const *argv);

#endif
