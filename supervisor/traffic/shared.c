/* SPDX-License-Identifier: ISC */
/*
 * Sockets of which there can be only one: abstract names, datagrams at a Unix
 * path, and sockets that somebody else has made and holds as well.  All
 * generations have duplicates of it, and the first to accept gets the
 * connection.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/foreign.h"
#include "base/sockopt.h"
#include "traffic/holder.h"
#include "traffic/way.h"

#define FOR_ALL 1u /* owner of the path, for all */

struct shared {
	struct endpoint *at;
	int fd;	     /* -1: no generation has joined yet */
	void *names; /* way_rename's state for a path; else NULL */
};

static void *
shared_new(struct endpoint *at)
{
	struct shared *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->at = at;
	s->fd = -1;
	if (at->passed || address_kind(&at->address) == ADDRESS_ABSTRACT)
		return s;
	s->names = way_rename.new(at);
	if (s->names == NULL) {
		free(s);
		return NULL;
	}
	return s;
}

static void
shared_free(void *way)
{
	struct shared *s = way;

	if (s->names != NULL) {
		way_rename.leave(s->names, FOR_ALL, &s->fd, s->fd != -1);
		way_rename.free(s->names);
	} else if (s->fd != -1) {
		holder_release(s->at->holder, s->fd, false);
		foreign_close(&s->fd);
	}
	free(s);
}

static int
open_abstract(const struct shared *s, int fd)
{
	const struct address *a = &s->at->address;
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	if (fd == -1)
		fd = socket(AF_UNIX, a->type | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	if (holder_hold(s->at->holder, fd) == -1 ||
	    getsockname(fd, (struct sockaddr *)&ss, &len) == -1 ||
	    (len <= sizeof(sa_family_t) && bind(fd, &a->sa, a->len) == -1) ||
	    (a->type == SOCK_STREAM && listen(fd, s->at->backlog) == -1))
		fd_close(&fd);
	return fd;
}

static int
shared_join(void *way, unsigned int generation, int fd)
{
	struct shared *s = way;

	if (s->fd == -1) {
		s->fd = s->names == NULL
		    ? open_abstract(s, fd)
		    : way_rename.join(s->names, FOR_ALL, fd);
		return s->fd == -1 ? -1 : fd_dup(s->fd);
	}
	if (fd == -1)
		return fd_dup(s->fd);
	fd_close(&fd);
	errno = EADDRINUSE;
	return -1;
}

static int
shared_take(void *way, int fd)
{
	struct shared *s = way;

	if (holder_hold(s->at->holder, fd) == -1) {
		fd_close(&fd);
		return -1;
	}
	s->fd = fd;
	return 0;
}

static void
shared_leave(void *way, unsigned int generation, const int *fds, size_t n)
{
	size_t i;
	int fd;

	for (i = 0; i < n; i++) {
		fd = fds[i];
		foreign_close(&fd);
	}
}

/* The owner of the path has it for all generations. */
static void
shared_hand_over(void *way, unsigned int from, unsigned int to)
{
}

static enum listener_path
shared_leaf(void *way, const char *leaf)
{
	struct shared *s = way;

	return s->names != NULL ? way_rename.leaf(s->names, leaf) : PATH_OTHER;
}

static bool
shared_is_there(void *way, const struct identity *directory)
{
	struct shared *s = way;

	return s->names != NULL && way_rename.is_there(s->names, directory);
}

static void
shared_refuse(void *way)
{
	struct shared *s = way;

	if (s->names != NULL)
		way_rename.refuse(s->names);
}

static void
shared_mend(void *way)
{
	struct shared *s = way;

	if (s->names != NULL)
		way_rename.mend(s->names);
}

static int
shared_direct(void *way, unsigned int generation, unsigned int n,
    struct address *to, struct address *source)
{
	address_reach(&((struct shared *)way)->at->address, to);
	source->len = 0;
	return 0;
}

/* One generation may have shut the socket down for all, shutdown(2). */
static int
shared_revive(void *way, unsigned int generation, int fd)
{
	const struct shared *s = way;

	if (!s->at->passed || s->at->address.type != SOCK_STREAM ||
	    sockopt_get(fd, SOL_SOCKET, SO_ACCEPTCONN) != 0)
		return 0;
	return listen(fd, s->at->backlog);
}

static int
shared_steer(void *way, const struct steer_plan *plan)
{
	return 0;
}

static int
shared_prepare(void *way, unsigned int generation)
{
	return 0;
}

static json_t *
shared_save(const void *way)
{
	const struct shared *s = way;

	return json_pack("{sI so*}", "socket",
	    (json_int_t)(s->fd != -1 ? sockopt_cookie(s->fd) : 0), "path",
	    s->names != NULL ? way_rename.save(s->names) : NULL);
}

static int
shared_restore(void *way, const json_t *state, const struct way_finder *finder)
{
	struct shared *s = way;
	json_int_t cookie =
	    json_integer_value(json_object_get(state, "socket"));

	if (cookie != 0)
		s->fd = finder->find(0, (uint64_t)cookie, finder->arg);
	if (s->names == NULL)
		return 0;
	return way_rename.restore(
	    s->names, json_object_get(state, "path"), finder);
}

const struct way way_shared = {
	.steering = STEERING_SHARED,
	.new = shared_new,
	.free = shared_free,
	.take = shared_take,
	.join = shared_join,
	.revive = shared_revive,
	.steer = shared_steer,
	.prepare = shared_prepare,
	.leave = shared_leave,
	.hand_over = shared_hand_over,
	.leaf = shared_leaf,
	.is_there = shared_is_there,
	.refuse = shared_refuse,
	.mend = shared_mend,
	.direct = shared_direct,
	.save = shared_save,
	.restore = shared_restore,
};
