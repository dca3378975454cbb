/* SPDX-License-Identifier: ISC */
/*
 * What a listener and its way of steering both speak of.
 */
#ifndef TRAFFIC_ENDPOINT_H
#define TRAFFIC_ENDPOINT_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/credentials.h"
#include "traffic/address.h"

struct directory;
struct holder;

/* What chooses in a SO_REUSEPORT group. */
enum steering_kind { KIND_CLASSIC, KIND_EBPF };

enum listener_steering { STEERING_REUSEPORT, STEERING_RENAME, STEERING_SHARED };

/* What the last component of a path may be to a listener. */
enum listener_path { PATH_OTHER, PATH_PUBLIC, PATH_PRIVATE };

/* Where, and what the sockets made there are like. */
struct endpoint {
	struct address address; /* port 0 until the first is bound */
	int backlog;
	struct credentials owner; /* of what is made there */
	mode_t umask;		  /* for a Unix socket's file */

	/*
	 * Where the Unix sockets that join now have their names, borrowed;
	 * NULL: where the address says, which is the operator's word.
	 */
	struct directory *directory;
	bool v6only; /* of the sockets there, once there are some */
	bool passed; /* somebody else has made the one that is there */
	enum steering_kind kind;     /* where it may be chosen */
	const struct holder *holder; /* NULL: none */
};

#endif
