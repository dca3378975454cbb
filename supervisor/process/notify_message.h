/* SPDX-License-Identifier: ISC */
/*
 * The text of one message of sd_notify(3).  Unknown assignments are ignored.
 * process/notify.h receives messages.
 */
#ifndef PROCESS_NOTIFY_MESSAGE_H
#define PROCESS_NOTIFY_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define NOTIFY_MESSAGE_MAX 65536 /* bytes; a longer one is ignored */

#define NOTIFY_FDNAME_MAX 255 /* bytes of FDNAME */

/* What one datagram said.  Its strings are within the text. */
struct notify_message {
	bool ready;
	bool stopping;
	bool reloading;
	bool barrier;
	bool watchdog;
	bool watchdog_trigger;
	bool store;		/* FDSTORE: store the descriptors */
	bool store_remove;	/* FDSTOREREMOVE, which has precedence */
	bool keep_hung_up;	/* FDPOLL=0 */
	bool bad_name;		/* FDNAME is not a valid name */
	const char *fd_name;	/* FDNAME; NULL: not given or not valid */
	int64_t reloading_usec; /* MONOTONIC_USEC; -1: not given */
	int64_t extend_usec;	/* EXTEND_TIMEOUT_USEC; -1: not given */
	int64_t watchdog_usec;	/* WATCHDOG_USEC; -1: not given */
	pid_t main_pid;		/* 0: not given */
	const char *status;	/* NULL: not given */
	pid_t sender;		/* 0: in another PID namespace */
	/*
	 * The descriptors that came with it, *borrowed*; the receiver takes one
	 * over by putting -1 in its place.
	 */
	int *fds;
	size_t nfds;
	bool fds_lost;	    /* we had no room for some; all are closed */
	size_t fds_refused; /* not local, base/foreign.h; closed */
};

/*
 * Parse in place: text is cut into pieces and must stay.  If an assignment
 * comes twice, the last one counts; an invalid number, or one out of range,
 * counts as not given.  sender and the descriptors are left alone.  Pure.
 */
void notify_message_parse(struct notify_message *, char *text);

#endif
