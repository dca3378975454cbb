/* SPDX-License-Identifier: ISC */
/*
 * The seccomp filter of a wrapped program: bind(2) and listen(2), the options
 * of setsockopt(2) that decide who gets a socket's connections, and unlink(2)
 * where asked for, wait for the supervisor's answer; all else goes on at once.
 * The other half is process/intercept.h.
 *
 * Those options, all at SOL_SOCKET, are SO_REUSEPORT,
 * SO_ATTACH_REUSEPORT_CBPF, SO_ATTACH_REUSEPORT_EBPF and
 * SO_DETACH_REUSEPORT_BPF, socket(7).
 *
 * The parent, before fork:	filter_new, socketpair(2)
 * The child, before execve:	filter_install, while it is still privileged
 * The parent, once that is done:	filter_collect, intercept_seccomp_new
 *
 * From filter_install on the child must not bind, listen or (with unlink)
 * unlink itself, nor may the other end of sock be closed unread: without a
 * supervisor these calls fail with ENOSYS for good.
 */
#ifndef SHIM_FILTER_H
#define SHIM_FILTER_H

#include <stdbool.h>

struct filter;

struct filter_options {
	bool unlink;	   /* also unlink(2) and unlinkat(2) */
	bool no_new_privs; /* prctl(2): needed without CAP_SYS_ADMIN */
};

/* Compile it.  *New*; NULL with errno. */
struct filter *filter_new(const struct filter_options *);
void filter_free(struct filter *);

/*
 * Put the filter on the calling thread and all that it will become, and send
 * the notification descriptor over sock.  Async-signal-safe.  Returns 0; -1
 * with errno: EACCES if no_new_privs is needed, EBUSY if a filter with a
 * notification descriptor is there already (a container manager's).
 */
int filter_install(const struct filter *, int sock);

/*
 * Take the notification descriptor off the other end of sock, *new*.  -1
 * with errno: EAGAIN if sock does not block and it has not come, ECONNRESET
 * if the child ended without sending it.
 */
int filter_collect(int sock);

#endif
