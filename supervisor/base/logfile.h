/* SPDX-License-Identifier: ISC */
/*
 * A log file with a bound: a line that would make it too long goes into a new
 * file, and the old ones get numbers: NAME.1 is the youngest.  Several
 * processes may write to one log at a time, each with its own struct.
 */
#ifndef BASE_LOGFILE_H
#define BASE_LOGFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOGFILE_KEPT	 5     /* old files */
#define LOGFILE_LINE	 4096  /* a line up to this is not cut at the bound */
#define LOGFILE_FALLBACK "10M" /* default of --log-max */

struct logfile {
	const char
	    *path; /* borrowed; only hotswap's user may write its directory */
	int fd;	   /* -1: not open yet; the number stays the same */
	uint64_t max; /* bytes; 0: no bound */
	bool midline; /* the last write did not end a line */
};

/*
 * Write to the log, in files that end with a whole line if possible.  If
 * another file has got the name, as logrotate(8) does it with rename(2), that
 * file is written to; while no file has the name, the old one is.  -1 with
 * errno if something could not be written; that part is lost.
 */
int logfile_write(struct logfile *, const char *data, size_t len);

/*
 * Open the file that has the name now, or create it.  -1 with errno; the old
 * file stays open.
 */
int logfile_reopen(struct logfile *);

/*
 * How many of len bytes go into a file that has room for so many bytes: whole
 * lines if possible.  Pure.
 */
size_t logfile_cut(const char *data, size_t len, size_t room, bool midline);

#endif
