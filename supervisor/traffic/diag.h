/* SPDX-License-Identifier: ISC */
/*
 * Questions to the kernel's socket diagnosis, sock_diag(7), over netlink.  This
 * module knows the messages and nothing of generations.  Each question opens
 * and closes a socket of its own and never blocks.
 */
#ifndef TRAFFIC_DIAG_H
#define TRAFFIC_DIAG_H

#include <linux/inet_diag.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct activity;

/* Borrowed for the call; the activity is NULL if it was not asked for. */
typedef void diag_tcp_fn(
    const struct inet_diag_msg *, const struct activity *, void *arg);
typedef void diag_unix_fn(
    unsigned int inode, const char *name, size_t len, void *arg);

/*
 * Of TCP: connections that a program may have; the same with the activity of
 * each, for which the kernel locks the socket; or also handshakes that are not
 * complete, TCP_SYN_RECV, which no program has yet.  A handshake is in the
 * kernel's table where its connection will be: one question has either of them.
 * Or instead the sockets that listen.
 */
enum diag_what {
	DIAG_CONNECTIONS,
	DIAG_ACTIVITY,
	DIAG_HANDSHAKES,
	DIAG_LISTENING
};

/*
 * Call the function for each of them of a family, AF_INET or AF_INET6, whose
 * own port is one of n, or any if n is 0; the kernel omits the others.  -1 with
 * errno: EINTR
 * if sockets changed meanwhile, so that some may be missing or come twice,
 * ENOENT if the kernel has no such diagnosis.
 */
int diag_tcp(int family, const uint16_t *ports, size_t n, enum diag_what,
    diag_tcp_fn *, void *arg);

/*
 * Call the function for each connected Unix socket that has a name: sockets
 * that a server has accepted have the name that the server bound.  name is len
 * bytes of sun_path, which begin with NUL for an abstract name.  -1 with errno
 * as diag_tcp.
 */
int diag_unix(diag_unix_fn *, void *arg);

/*
 * Has a program accepted the connection whose client end is fd, a connected TCP
 * or Unix stream socket to this machine?  A socket gets its inode only when
 * accept(2) makes a file of it, so the answer is exact whatever else is in the
 * queue.  1 or 0; -1 with errno if the kernel does not tell.
 */
int diag_accepted(int fd);

/*
 * Does a stream socket listen at exactly this address and device (0: none)?  A
 * TCP socket is found by these, any of several will do; a Unix socket by its
 * inode.  1 or 0; -1 with errno if the kernel does not tell.
 */
int diag_listens(
    const struct sockaddr *, unsigned int device, unsigned int inode);

/*
 * The length of a Unix socket's queue: in connections if the socket listens,
 * else in bytes.  -1 with errno if the kernel does not tell.
 */
int diag_unix_queue(int fd);

#endif
