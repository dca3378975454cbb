/* SPDX-License-Identifier: ISC */
/*
 * The supervisor's half of the shim: calls of a wrapped program that the owner
 * of its generation decides about.  Calls arrive in two ways: through a seccomp
 * notification descriptor (shim/filter.h), and through the preload library's
 * socket (shim/announce.h).
 *
 * The owner gets only calls that may matter.  These go on to the kernel at
 * once: port 0 and autobind, families other than inet, inet6 and unix, types
 * other than stream and datagram, protocols other than TCP, MPTCP and UDP, and
 * calls that the kernel will refuse.
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
 * Serve a notification descriptor.  Calls without an answer are kept in the
 * call log, a file of process/call_log.h; those of a predecessor come first, in
 * the loop's next turn.  Both descriptors are *stolen* in every case.  *New*;
 * NULL with errno.
 */
struct intercept *intercept_seccomp_new(struct event_base *, int fd,
    int call_log, const struct intercept_handler *, void *arg);

/*
 * Make the socket that HOTSWAP_SHIM names to the preload library: at path (a
 * file there is removed first), mode 0600, owned by uid and gid.  *New*; -1
 * with errno.
 */
int intercept_preload_listen(const char *path, uid_t, gid_t);

/*
 * Serve such a socket, which is *stolen* in every case.  *New*; NULL with
 * errno.
 */
struct intercept *intercept_preload_new(
    struct event_base *, int fd, const struct intercept_handler *, void *arg);

/*
 * Stop; calls that wait are passed.  May be called from a handler.  When the
 * last notification descriptor of a filter is closed, bind and listen fail in
 * the programs that live on.
 */
void intercept_free(struct intercept *);

/* Whether no call is under way that a successor would not find. */
bool intercept_is_idle(const struct intercept *);

/* The descriptor that is served, borrowed, for the checkpoint. */
int intercept_fd(const struct intercept *);

/*
 * The caller's rights, released with credentials_fini; and the directory of its
 * path, released with caller_path_fini.  -1 with errno: ESRCH if the caller has
 * gone meanwhile, else as caller_path_init.
 */
int intercept_caller(const struct intercept_call *, struct credentials *);
int intercept_locate(const struct intercept_call *, struct caller_path *);

/*
 * The answers.  Each releases the call.  -1 with ENOENT if the caller has gone
 * meanwhile or, before Linux 5.19, a signal has interrupted its call.  If the
 * caller repeats the call, it gets the same answer and the handler is not
 * called.
 *
 *   pass     the kernel does what the program asked for
 *   done     we did it, through call->fd: the program gets 0 or this errno
 *   replace  the program's descriptor becomes a duplicate of fd, borrowed,
 *	    and keeps its own flags; the program gets 0
 */
int intercept_pass(struct intercept_call *);
int intercept_done(struct intercept_call *, int error);
int intercept_replace(struct intercept_call *, int fd);

/*
 * Put another socket in place of the caller's, in the call and in the program,
 * before the call is answered.  *Steals* fd in every case.  -1 with errno.
 */
int intercept_exchange(struct intercept_call *, int fd);

#endif
