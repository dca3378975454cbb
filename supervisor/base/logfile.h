/* SPDX-License-Identifier: ISC */
/*
 * A log file that is bounded: what would make it too long goes into a new
 * one, and the old ones are kept by number: NAME.1 is the youngest.  Several
 * processes may write to it at once, each with a struct of its own.
 */
#ifndef BASE_LOGFILE_H
#define BASE_LOGFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOGFILE_KEPT	 5     /* old ones */
#define LOGFILE_LINE	 4096  /* a line up to here is not cut at the bound */
#define LOGFILE_FALLBACK "10M" /* of --log-max */

struct logfile {
	const char *path; /* borrowed; its directory must be ours alone */
	int fd;		  /* -1: not open yet; its number stays the same */
	uint64_t max;	  /* bytes; 0: no bound */
	bool midline;	  /* what was written last did not end a line */
};

/*
 * Write to it, in files that end with a line where they can.  If another file
 * has taken its name meanwhile, by rename(2) as logrotate(8) does it, that one
 * is written to; as long as nothing has the name, the old one still is.
 * -1 with errno if something could not be written, which is lost.
 */
int logfile_write(struct logfile *, const char *data, size_t len);

/* Open what has the name now, or make it.  -1 with errno; the old one stays. */
int logfile_reopen(struct logfile *);

/*
 * How many of len bytes still go into a file that has room for that many:
 * whole lines if possible.  Pure.
 */
size_t logfile_cut(const char *data, size_t len, size_t room, bool midline);

#endif
