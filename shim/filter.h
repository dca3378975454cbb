/* SPDX-License-Identifier: ISC */
/*
 * The seccomp filter of a wrapped program.  These calls wait for the
 * supervisor's answer: bind(2), listen(2), setsockopt(2) with an option that
 * decides who gets a socket's connections; and, if asked for, unlink(2), and
 * connect(2) of Unix sockets.  All others go on at once.  process/intercept.h
 * answers the calls.
 *
 * The options, all at SOL_SOCKET, are SO_REUSEPORT, SO_ATTACH_REUSEPORT_CBPF,
 * SO_ATTACH_REUSEPORT_EBPF and SO_DETACH_REUSEPORT_BPF, socket(7).
 *
 * The parent, before fork:	filter_new, socketpair(2)
 * The child, before execve:	filter_install, while it is still privileged
 * The parent, after that:	filter_collect, intercept_seccomp_new
 *
 * After filter_install the child itself must not bind, listen or (with unlink)
 * unlink, and nobody may close the other end of sock before filter_collect:
 * these calls fail with ENOSYS for ever if the notification descriptor is lost.
 */
#ifndef SHIM_FILTER_H
#define SHIM_FILTER_H

#include <stdbool.h>

struct filter;

/*
 * A filter sees no address, but its length: that of a path is any up to 110
 * bytes, those of TCP and UDP are 16 and 28.  A path with one of these two
 * lengths is not told, so that no other connect(2) costs anything.
 */
struct filter_options {
	bool unlink;	   /* also unlink(2) and unlinkat(2) */
	bool connect;	   /* also connect(2) with an address of AF_UNIX */
	bool no_new_privs; /* prctl(2): needed without CAP_SYS_ADMIN */
};

/* Compile a filter.  *New*; NULL with errno. */
struct filter *filter_new(const struct filter_options *);
void filter_free(struct filter *);

/*
 * Put the filter on the calling thread and its descendants, and send the
 * notification descriptor over sock.  Async-signal-safe.  Returns 0; -1 with
 * errno: EACCES if no_new_privs is needed, EBUSY if there is a filter with a
 * notification descriptor already (a container manager's).
 */
int filter_install(const struct filter *, int sock);

/*
 * Receive the notification descriptor from the other end of sock, *new*.  -1
 * with errno: EAGAIN if sock does not block and nothing has come yet, EMFILE if
 * there is no room for it, ECONNRESET if the child ended without sending it.
 */
int filter_collect(int sock);

#endif
