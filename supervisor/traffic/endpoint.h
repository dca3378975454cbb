/* SPDX-License-Identifier: ISC */
/*
 * What a listener and its way of steering have in common.
 */
#ifndef TRAFFIC_ENDPOINT_H
#define TRAFFIC_ENDPOINT_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/credentials.h"
#include "traffic/address.h"

struct directory;
struct holder;

/* The BPF program that chooses in a SO_REUSEPORT group. */
enum steering_kind { KIND_CLASSIC, KIND_EBPF };

enum listener_steering { STEERING_REUSEPORT, STEERING_RENAME, STEERING_SHARED };

/* What the last component of a path may be for a listener. */
enum listener_path { PATH_OTHER, PATH_PUBLIC, PATH_PRIVATE };

/* The address, and the properties of sockets that are made there. */
struct endpoint {
	struct address address; /* port 0 until the first socket is bound */
	int backlog;
	struct credentials owner; /* of sockets that are made there */
	mode_t umask;		  /* for a Unix socket's file */

	/*
	 * Where Unix sockets that join now have their names, borrowed.  NULL:
	 * in the directory of the address, as the operator named it.
	 */
	struct directory *directory;
	bool v6only;		     /* of the sockets, once there is one */
	bool freebind;		     /* IP_FREEBIND: no local address needed */
	bool transparent;	     /* IP_TRANSPARENT: none needed either */
	bool reuseaddr;		     /* UDP: others may bind the address, too */
	bool passed;		     /* somebody else has made the socket */
	enum steering_kind kind;     /* what shall choose, if it is possible */
	const struct holder *holder; /* NULL: none */
};

/*
 * Read a socket's address, as getsockname(2) tells it, and the device to which
 * the socket is bound.  -1 with errno.
 */
int endpoint_address(int fd, int type, struct address *);

/* The device to which a socket is bound; 0 if there is none. */
unsigned int endpoint_device(int fd);

/*
 * Read a socket's address, and whether the socket takes IPv6 only.  -1 with
 * errno: EINVAL for a stream socket that does not listen.
 */
int endpoint_read(int fd, struct address *, bool *v6only);

#endif
