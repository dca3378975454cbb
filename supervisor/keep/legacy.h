/* SPDX-License-Identifier: ISC */
/*
 * What a keeper knows besides its descriptors: text in a memfd, which it reads
 * after it has executed another build of hotswap, older or newer.  A line that
 * it does not understand is ignored.
 */
#ifndef KEEP_LEGACY_H
#define KEEP_LEGACY_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define LEGACY_TITLE 65
#define LEGACY_ENDS  128 /* ends of children that are kept */

struct legacy_end {
	pid_t pid;
	int status;
};

struct legacy {
	char title[LEGACY_TITLE];
	pid_t supervisor; /* 0: none runs */
	bool ready;	  /* it said READY=1 */
	bool stopping;	  /* it said STOPPING=1: its end is meant */
	int log_format;	  /* enum log_format */
	sigset_t pending; /* signals to send when it is ready */
	sigset_t asked;	  /* requests to stop, sent again to a successor */
	size_t nends;	  /* in all; the last LEGACY_ENDS are kept */
	struct legacy_end ends[LEGACY_ENDS];
};

/* A record of a keeper that knows nothing yet. */
void legacy_init(struct legacy *, const char *title);

/*
 * Record the end of a child.  The pointer that is returned, *borrowed*, is
 * valid until LEGACY_ENDS more children have ended.
 */
const struct legacy_end *legacy_add(struct legacy *, pid_t, int status);

/* The ends that are kept, oldest first: call for 0, 1, ... until NULL. */
const struct legacy_end *legacy_get(const struct legacy *, size_t);

/* Write the record to a memfd, *new*; read it again.  -1 with errno. */
int legacy_write(const struct legacy *);
int legacy_read(struct legacy *, int fd);

#endif
