/* SPDX-License-Identifier: ISC */
/*
 * One call of a wrapped program, as both backends tell it and as a
 * generation's owner decides about it.
 */
#ifndef PROCESS_INTERCEPT_CALL_H
#define PROCESS_INTERCEPT_CALL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

enum intercept_kind {
	INTERCEPT_BIND,
	INTERCEPT_LISTEN,
	INTERCEPT_UNLINK,
	INTERCEPT_OPTION, /* setsockopt(2), of the options in shim/filter.h */
};

/* One call that waits for its answer.  All borrowed, until it is answered. */
struct intercept_call {
	enum intercept_kind kind;
	pid_t pid;	 /* the process, not the thread */
	int fd;		 /* the program's socket; close-on-exec; unlink: -1 */
	int family;	 /* of the socket, as socket(2) had it */
	int type;	 /* SOCK_STREAM or SOCK_DGRAM */
	int protocol;	 /* IPPROTO_TCP, ... */
	uint64_t cookie; /* SO_COOKIE: the same for all duplicates of it */
	int backlog;	 /* of listen(2) */
	int option;	 /* of setsockopt(2), at SOL_SOCKET */
	bool again;	 /* a predecessor may have carried it out already */

	/* What bind(2) was given; for listen(2) what getsockname(2) says. */
	const struct sockaddr *address;
	socklen_t len;

	/*
	 * Of unlink(2), and of a Unix socket that is given one: its path as
	 * the program says it, which intercept_locate knows to read.  NULL if
	 * there is none.
	 */
	const char *path;
};

struct intercept_handler {
	/*
	 * Answer it exactly once, with one of the functions below, at once
	 * or later; the program waits.  From Linux 5.19 on it sees no signals
	 * but fatal ones meanwhile: answer before asking it to stop.
	 */
	void (*call)(struct intercept_call *, void *arg);

	/*
	 * A call that went on unseen since the process cannot be looked into:
	 * EPERM for what is not dumpable or has another user.
	 */
	void (*missed)(enum intercept_kind, pid_t, int error, void *arg);

	/*
	 * The last process under the filter has ended.  May free.  Never
	 * called for the preload library.
	 */
	void (*gone)(void *arg);
};

#endif
