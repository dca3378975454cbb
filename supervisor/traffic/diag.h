/* SPDX-License-Identifier: ISC */
/*
 * Questions to the kernel's socket diagnosis, sock_diag(7), over netlink.
 * Knows the messages and nothing of generations; each question opens and
 * closes its own socket and never blocks.
 */
#ifndef TRAFFIC_DIAG_H
#define TRAFFIC_DIAG_H

#include <linux/inet_diag.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* Borrowed for the call. */
typedef void diag_tcp_fn(const struct inet_diag_msg *, void *arg);
typedef void diag_unix_fn(
    unsigned int inode, const char *name, size_t len, void *arg);

/*
 * Tell of each TCP socket of a family, AF_INET or AF_INET6, that is a
 * connection and whose own port is one of n > 0; the kernel leaves out the
 * others.  -1 with errno: EINTR if sockets changed meanwhile so that some
 * may have been left out or told twice, ENOENT if the kernel has no such
 * diagnosis.
 */
int diag_tcp(
    int family, const uint16_t *ports, size_t n, diag_tcp_fn *, void *arg);

/*
 * Tell of each connected Unix socket that has a name: those which a server
 * accepted have the name that it had bound.  name is len bytes of sun_path,
 * one of NUL first if it is abstract.  -1 with errno as above.
 */
int diag_unix(diag_unix_fn *, void *arg);

/*
 * Has a program accepted the connection whose client end is fd, a connected
 * TCP or Unix stream socket to this very machine?  A socket has no inode
 * before accept(2) has made a file of it, so this is exact whatever else is
 * in the queue.  Returns 1 or 0; -1 with errno if the kernel does not tell.
 */
int diag_accepted(int fd);

/*
 * Does a stream socket listen at exactly this address?  A TCP socket is found
 * by it, and one of several will do; a Unix socket by its inode.  Returns 1 or
 * 0; -1 with errno if the kernel does not tell.
 */
int diag_listens(const struct sockaddr *, unsigned int inode);

/*
 * What waits in a Unix socket: connections to be accepted where it listens,
 * else bytes.  -1 with errno if the kernel does not tell.
 */
int diag_unix_queue(int fd);

#endif
