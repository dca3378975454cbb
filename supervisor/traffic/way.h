/* SPDX-License-Identifier: ISC */
/*
 * The ways of steering that a listener can have, see listener.h.  For
 * listener.c, which knows the generations and their sockets.  A way knows how
 * to make the kernel choose among the sockets.
 */
#ifndef TRAFFIC_WAY_H
#define TRAFFIC_WAY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "traffic/directory.h"
#include "traffic/endpoint.h"
#include "traffic/finder.h"
#include "traffic/plan.h"

struct way {
	enum listener_steering steering;

	/*
	 * Use this socket, which somebody else has made.  *Stolen* in every
	 * case.  -1 with errno.  NULL: not possible.
	 */
	int (*take)(void *, int fd);

	/*
	 * *New*, with the endpoint borrowed as long as it lives; NULL with
	 * errno.
	 */
	void *(*new)(struct endpoint *);

	/* Called when all generations have left. */
	void (*free)(void *);

	/*
	 * Bind a program's own stream socket, borrowed, so that it can join
	 * when it listens.  -1 with errno.  NULL: it joins when it is bound.
	 */
	int (*bind)(void *, int fd);

	/*
	 * Make a socket of a generation's; or, with fd not -1, take over that
	 * socket, *stolen* in every case.  Returns the descriptor, *new*, which
	 * leave takes back; -1 with errno.
	 */
	int (*join)(void *, unsigned int generation, int fd);

	/*
	 * Nobody accepts here until the program is started again: a socket that
	 * it has shut down listens again, and all sockets get our backlog,
	 * however short theirs was.
	 */
	int (*revive)(void *, unsigned int generation, int fd);

	/* Borrowed until the next plan is in force; -1 keeps the last plan. */
	int (*steer)(void *, const struct steer_plan *);

	/* As listener_prove.  NULL: nobody can change the kernel's choice. */
	int (*prove)(void *, unsigned int generation);

	/* As listener_prepare_leave. */
	int (*prepare)(void *, unsigned int generation);

	/* Close these sockets of a generation. */
	void (*leave)(
	    void *, unsigned int generation, const int *fds, size_t n);

	/* Give the sockets to another generation, which has none. */
	void (*hand_over)(void *, unsigned int from, unsigned int to);

	/* Never choose this socket, or choose it again.  NULL: not possible. */
	int (*rest)(void *, int fd, bool rest);

	/*
	 * leaf: what the last component of a path may be to us.  is_there: have
	 * we names in this directory?  NULL: there are no paths.
	 */
	enum listener_path (*leaf)(void *, const char *name);
	bool (*is_there)(void *, const struct identity *directory);

	/*
	 * The path led to a socket of ours and does not do so any more.  NULL:
	 * there are no paths.
	 */
	bool (*is_gone)(void *);

	/* From now on new connections are kept away. */
	void (*refuse)(void *);

	void (*mend)(void *);
	int (*direct)(void *, unsigned int generation, unsigned int n,
	    struct address *to, struct address *source);

	/*
	 * name: the name of a generation's socket, and its directory, both
	 * borrowed; NULL if it has none.  connect: connect fd to that socket.
	 * NULL: there are no paths.
	 */
	const char *(*name)(
	    void *, unsigned int generation, const struct directory **);
	int (*connect)(void *, unsigned int generation, int fd);

	/* As listener_kind, _given and _flows.  NULL: there is no group. */
	enum steering_kind (*kind)(const void *);
	uint64_t (*given)(const void *, unsigned int generation);
	size_t (*flows)(const void *, unsigned int generation, int64_t idle_ms);

	/* Save what a successor must know of the way, *new*. */
	json_t *(*save)(const void *);

	/* Restore into a new way.  -1 with errno. */
	int (*restore)(void *, const json_t *, const struct way_finder *);
};

extern const struct way way_reuseport;
extern const struct way way_rename;
extern const struct way way_shared;

#endif
