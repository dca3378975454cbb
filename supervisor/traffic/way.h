/* SPDX-License-Identifier: ISC */
/*
 * The ways of steering that a listener can have, as listener.h tells them.
 * For listener.c, which knows the generations and their sockets; a way knows
 * what makes the kernel choose among them.
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
#include "traffic/steer.h"

struct way {
	enum listener_steering steering;

	/*
	 * Have this socket, which somebody else has made.  *Stolen* in every
	 * case.  -1 with errno.  NULL: cannot be done.
	 */
	int (*take)(void *, int fd);

	/* *New*, the endpoint borrowed for its life; NULL with errno. */
	void *(*new)(struct endpoint *);

	/* All generations have left. */
	void (*free)(void *);

	/*
	 * Bind a program's own stream socket, borrowed, so that it may join
	 * once it listens.  -1 with errno.  NULL: it joins at its bind(2).
	 */
	int (*bind)(void *, int fd);

	/*
	 * Make a socket of generation's, or with fd not -1 take over that
	 * one, *stolen* in every case.  Returns the descriptor, *new*, which
	 * goes back with leave; -1 with errno.
	 */
	int (*join)(void *, unsigned int generation, int fd);

	/*
	 * Nobody accepts here until its program is started anew: a socket
	 * that it has shut down listens again, and all of them with our
	 * backlog, however short its own was.
	 */
	int (*revive)(void *, unsigned int generation, int fd);

	/* Borrowed until the next one is in force; -1 leaves the last. */
	int (*steer)(void *, const struct steer_plan *);

	/* As listener_prove.  NULL: the kernel leaves no choice to others. */
	int (*prove)(void *, unsigned int generation);

	int (*prepare)(void *, unsigned int generation);

	/* Close these of the generation's. */
	void (*leave)(
	    void *, unsigned int generation, const int *fds, size_t n);

	/* Its sockets are another generation's, which has none. */
	void (*hand_over)(void *, unsigned int from, unsigned int to);

	/* Choose this socket no more, or again.  NULL: cannot be done. */
	int (*rest)(void *, int fd, bool rest);

	/*
	 * What of ours this last component of a path may be; and do we have
	 * names in this directory?  NULL: there are no paths.
	 */
	enum listener_path (*leaf)(void *, const char *name);
	bool (*is_there)(void *, const struct identity *directory);

	/*
	 * The path does not lead to any socket of ours any more, though it
	 * did.  NULL: there are no paths.
	 */
	bool (*is_gone)(void *);

	/* New connections are kept away from here on. */
	void (*refuse)(void *);

	void (*mend)(void *);
	int (*direct)(void *, unsigned int generation, unsigned int n,
	    struct address *to, struct address *source);

	/*
	 * The name of a generation's socket and its directory, both borrowed;
	 * NULL if it has none.  Connect fd to it.  NULL: there are no paths.
	 */
	const char *(*name)(
	    void *, unsigned int generation, const struct directory **);
	int (*connect)(void *, unsigned int generation, int fd);

	/* As listener_kind, _given and _flows.  NULL: there is no group. */
	enum steering_kind (*kind)(const void *);
	uint64_t (*given)(const void *, unsigned int generation);
	size_t (*flows)(const void *, unsigned int generation, int64_t idle_ms);

	/* What a successor must know of a way, *new*. */
	json_t *(*save)(const void *);

	/* Into one that is new.  -1 with errno. */
	int (*restore)(void *, const json_t *, const struct way_finder *);
};

extern const struct way way_reuseport;
extern const struct way way_rename;
extern const struct way way_shared;

#endif
