/* SPDX-License-Identifier: ISC */
/*
 * One call of a wrapped program, as the backends deliver it and as the owner of
 * its generation decides about it.
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
	INTERCEPT_OPTION,  /* setsockopt(2), of the options in shim/filter.h */
	INTERCEPT_CONNECT, /* of a Unix socket */
};

/*
 * One call that waits for its answer.  All is borrowed until the answer is
 * given.
 */
struct intercept_call {
	enum intercept_kind kind;
	pid_t pid;	 /* the process, not the thread */
	int fd;		 /* the program's socket; close-on-exec; unlink: -1 */
	int family;	 /* of the socket, as socket(2) had it */
	int type;	 /* SOCK_STREAM or SOCK_DGRAM */
	int protocol;	 /* IPPROTO_TCP, ... */
	uint64_t cookie; /* SO_COOKIE: equal for all duplicates */
	int backlog;	 /* of listen(2) */
	int option;	 /* of setsockopt(2), at SOL_SOCKET */
	bool again;	 /* a predecessor may have carried it out already */
	bool kept;	 /* the owner has a duplicate of fd: set by the owner */

	/*
	 * The address that bind(2) or connect(2) was given; for listen(2) that
	 * of getsockname(2).
	 */
	const struct sockaddr *address;
	socklen_t len;

	/*
	 * The path of unlink(2), or of a Unix socket that has one, as the
	 * program names it; intercept_locate looks it up.  NULL if there is
	 * none.
	 */
	const char *path;
};

struct intercept_handler {
	/*
	 * Answer the call exactly once, at once or later, with a function of
	 * process/intercept.h; the program waits.  From Linux 5.19 on the
	 * program gets only fatal signals meanwhile, so answer before you ask
	 * it to stop.
	 */
	void (*call)(struct intercept_call *, void *arg);

	/*
	 * May a connect(2) pass without a look?  A program may make many, and
	 * a look takes time of both sides.  NULL: never.
	 */
	bool (*passes)(void *arg);

	/*
	 * A call went on without us, since we may not look into the process:
	 * EPERM if the process is not dumpable or of another user.
	 */
	void (*missed)(enum intercept_kind, pid_t, int error, void *arg);

	/*
	 * The last process under the filter has ended.  May free the intercept.
	 * Never called with the preload library.
	 */
	void (*gone)(void *arg);
};

#endif
