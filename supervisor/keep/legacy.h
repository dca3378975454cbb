/* SPDX-License-Identifier: ISC */
/*
 * What a keeper knows beside its descriptors: text in a memfd, by which it
 * goes on after it has replaced its own program by another build, older or
 * newer.  What is not understood is passed over.
 */
#ifndef KEEP_LEGACY_H
#define KEEP_LEGACY_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define LEGACY_TITLE 65
#define LEGACY_ENDS  128 /* the latest ends of children that are kept */

struct legacy_end {
	pid_t pid;
	int status;
};

struct legacy {
	char title[LEGACY_TITLE];
	pid_t supervisor; /* 0: none runs */
	bool ready;	  /* it said so */
	bool stopping;	  /* it said so: its end is meant */
	int log_format;	  /* enum log_format */
	sigset_t pending; /* signals for when it is ready */
	sigset_t asked;	  /* to stop, which a successor must hear too */
	size_t nends;	  /* in all; kept are the last LEGACY_ENDS */
	struct legacy_end ends[LEGACY_ENDS];
};

/* Nothing is known. */
void legacy_init(struct legacy *, const char *title);

/* A child has ended.  Returns where that is kept, until many more have. */
const struct legacy_end *legacy_add(struct legacy *, pid_t, int status);

/* Those ends that are kept, oldest first: call for 0, 1, ... until NULL. */
const struct legacy_end *legacy_get(const struct legacy *, size_t);

/* As a memfd, *new*; -1 with errno.  And back; -1 with errno. */
int legacy_write(const struct legacy *);
int legacy_read(struct legacy *, int fd);

#endif
