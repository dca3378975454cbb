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
#include <sys/types.h>

#include "process/intercept_call.h"

struct caller_path;
struct credentials;
struct intercept;

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
