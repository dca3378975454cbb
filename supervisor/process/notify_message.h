/* SPDX-License-Identifier: ISC */
/*
 * One message of sd_notify(3): what its text says.  Unknown assignments are
 * ignored.  Where it comes from is process/notify.h.
 */
#ifndef PROCESS_NOTIFY_MESSAGE_H
#define PROCESS_NOTIFY_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define NOTIFY_MESSAGE_MAX 65536 /* bytes; a longer one is ignored */

#define NOTIFY_FDNAME_MAX 255 /* bytes of FDNAME */

/* What one datagram said.  Strings are the message's. */
struct notify_message {
	bool ready;
	bool stopping;
	bool reloading;
	bool barrier;
	bool watchdog;
	bool watchdog_trigger;
	bool store;		/* FDSTORE: the descriptors are to be kept */
	bool store_remove;	/* FDSTOREREMOVE, which wins */
	bool keep_hung_up;	/* FDPOLL=0 */
	bool bad_name;		/* FDNAME can be none */
	const char *fd_name;	/* FDNAME; NULL: not given, or bad */
	int64_t reloading_usec; /* MONOTONIC_USEC; -1: not given */
	int64_t extend_usec;	/* EXTEND_TIMEOUT_USEC; -1: not given */
	int64_t watchdog_usec;	/* WATCHDOG_USEC; -1: not given */
	pid_t main_pid;		/* 0: not given */
	const char *status;	/* NULL: not given */
	pid_t sender;		/* 0: of another PID namespace */
	/*
	 * What came with it, *borrowed* but for those that the receiver takes
	 * over by putting -1 in their place.
	 */
	int *fds;
	size_t nfds;
	bool fds_lost;	    /* some had no room with us, and all are closed */
	size_t fds_refused; /* were not local, base/foreign.h, and are closed */
};

/*
 * Parse in place; text is cut into pieces and must stay.  Of assignments
 * that come twice the last one counts; numbers that are none, or out of
 * range, count as not given.  Leaves the sender and the descriptors alone.
 * Pure.
 */
void notify_message_parse(struct notify_message *, char *text);

#endif
