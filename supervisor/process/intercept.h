/* SPDX-License-Identifier: ISC */
/*
 * Our half of the shim: the calls of a wrapped program that its generation's
 * owner decides about.  One meaning, two ways in: a seccomp notification
 * descriptor (shim/filter.h) and the preload library's socket
 * (shim/announce.h).
 *
 * Only what may matter is told.  Port 0 and autobind, families other than
 * inet, inet6 and unix, types other than stream and datagram, and protocols
 * other than TCP, MPTCP and UDP go on to the kernel at once, and so does what
 * the kernel will refuse.
 */
#ifndef PROCESS_INTERCEPT_H
#define PROCESS_INTERCEPT_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

struct caller_path;
struct credentials;
struct intercept;

enum intercept_kind { INTERCEPT_BIND, INTERCEPT_LISTEN, INTERCEPT_UNLINK };

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

/*
 * Serve a notification descriptor.  What is being answered is noted in the
 * ledger, a file of process/ledger.h; the calls that a predecessor has left
 * there come first, in the loop's next turn.  Both descriptors are *stolen* in
 * every case.  *New*; NULL with errno.
 */
struct intercept *intercept_seccomp_new(struct event_base *, int fd, int ledger,
    const struct intercept_handler *, void *arg);

/*
 * Make the socket that HOTSWAP_SHIM names to the preload library: at path
 * (removed first if it is there), mode 0600, owned by uid and gid.  *New*;
 * -1 with errno.
 */
int intercept_preload_listen(const char *path, uid_t, gid_t);

/* Serve such a socket, which is *stolen* in every case. */
struct intercept *intercept_preload_new(
    struct event_base *, int fd, const struct intercept_handler *, void *arg);

/*
 * Stop.  Calls that wait are passed.  May be called from a handler.  Mind
 * that a filter whose last notification descriptor is closed makes bind and
 * listen fail in the programs that live on.
 */
void intercept_free(struct intercept *);

/* No call is under way that only we know of. */
bool intercept_is_idle(const struct intercept *);

/* What it serves, borrowed: for the checkpoint. */
int intercept_fd(const struct intercept *);

/*
 * The caller's rights, to be released with credentials_fini; and where its
 * path leads, to be released with caller_path_fini.  -1 with errno: ESRCH if
 * the caller has gone meanwhile, else as caller_path_init.
 */
int intercept_caller(const struct intercept_call *, struct credentials *);
int intercept_locate(const struct intercept_call *, struct caller_path *);

/*
 * The answers.  Each releases the call.  -1 with ENOENT if the caller has
 * gone meanwhile or, before Linux 5.19, was interrupted by a signal; if it
 * calls again, it is given the same answer, and the handler is not told.
 *
 *   pass     the kernel does what was asked for
 *   done     we did, through call->fd: the program gets 0, or this errno
 *   replace  the program's descriptor becomes a duplicate of fd, borrowed,
 *            and keeps its own flags; the program gets 0
 */
int intercept_pass(struct intercept_call *);
int intercept_done(struct intercept_call *, int error);
int intercept_replace(struct intercept_call *, int fd);

#endif
