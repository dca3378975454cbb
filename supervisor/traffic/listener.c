/* SPDX-License-Identifier: ISC */
/*
 * Knows which generation has which sockets, which plan is in force, and which
 * way of steering the address has.  All else is done by the way
 * (traffic/way.h).
 */
#include "traffic/listener.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bpf_batch.h"
#include "base/fd.h"
#include "base/foreign.h"
#include "base/sockopt.h"
#include "traffic/holder.h"
#include "traffic/listener_fields.h"
#include "traffic/queue.h"

/* The listener may change from here to end, which returns the result. */
static void *
begin(struct listener *l)
{
	l->changing++;
	json_decref(l->saved);
	l->saved = NULL;
	return l->state;
}

static int
end(struct listener *l, int result)
{
	l->changing--;
	return result;
}

static const struct way *
choose_way(const struct address *a, bool passed)
{
	if (passed)
		return &way_shared;
	switch (address_kind(a)) {
	case ADDRESS_INET:
		return &way_reuseport;
	case ADDRESS_UNIX:
		return a->type == SOCK_STREAM ? &way_rename : &way_shared;
	default:
		return &way_shared;
	}
}

static mode_t
own_umask(void)
{
	mode_t mask = umask(0);

	return umask(mask), mask;
}

struct listener *
listener_alloc(
    const char *name, const struct address *address, int backlog, bool passed)
{
	struct listener *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->at.address = *address;
	l->at.backlog = backlog;
	l->at.passed = passed;
	l->way = choose_way(address, passed);
	l->name = name != NULL ? strdup(name) : NULL;
	listener_set_place(l, NULL, own_umask());
	if ((name == NULL || l->name != NULL) &&
	    credentials_own(&l->at.owner) == 0 &&
	    (l->state = l->way->new (&l->at)) != NULL)
		return l;
	credentials_fini(&l->at.owner);
	free(l->name);
	free(l);
	return NULL;
}

struct listener *
listener_new(const char *name, const struct address *address, int backlog)
{
	return listener_alloc(name, address, backlog, false);
}

struct listener *
listener_new_passed(
    const char *name, int fd, int backlog, const struct holder *holder)
{
	struct address address;
	struct listener *l;
	bool v6only;

	if (endpoint_read(fd, &address, &v6only) == -1 ||
	    (l = listener_alloc(name, &address, backlog, true)) == NULL) {
		fd_close(&fd);
		return NULL;
	}
	l->at.v6only = v6only;
	l->at.holder = holder;
	if (l->way->take(l->state, fd) == 0)
		return l;
	listener_free(l);
	return NULL;
}

bool
listener_is_passed(const struct listener *l)
{
	return l->at.passed;
}

void
listener_free(struct listener *l)
{
	if (l == NULL)
		return;
	while (l->sockets.n > 0)
		listener_leave(l, l->sockets.generations[0]);
	json_decref(l->saved);
	l->way->free(l->state);
	bpf_batch_freed();
	plan_free(l->plan);
	credentials_fini(&l->at.owner);
	entries_fini(&l->sockets);
	free(l->name);
	free(l);
}

const char *
listener_name(const struct listener *l)
{
	return l->name;
}

const struct address *
listener_address(const struct listener *l)
{
	return &l->at.address;
}

enum listener_steering
listener_steering(const struct listener *l)
{
	return l->way->steering;
}

bool
listener_v6only(const struct listener *l)
{
	return l->at.v6only;
}

int
listener_set_owner(struct listener *l, const struct credentials *owner)
{
	struct credentials copy;

	if (credentials_copy(&copy, owner) == -1)
		return -1;
	begin(l);
	credentials_fini(&l->at.owner);
	l->at.owner = copy;
	return end(l, 0);
}

void
listener_set_kind(struct listener *l, enum steering_kind kind)
{
	l->at.kind = kind;
}

enum steering_kind
listener_kind(const struct listener *l)
{
	return l->way->kind != NULL ? l->way->kind(l->state) : KIND_CLASSIC;
}

void
listener_set_place(struct listener *l, struct directory *directory, mode_t mask)
{
	l->at.directory = directory;
	l->at.umask = mask;
}

const int *
listener_sockets(const struct listener *l, unsigned int generation, size_t *n)
{
	return entries_of(&l->sockets, generation, n);
}

/* *Steals* fd; with -1 a new socket is made. */
static int
join(struct listener *l, unsigned int generation, int fd)
{
	fd = l->way->join(begin(l), generation, fd);
	if (fd != -1 && entries_add(&l->sockets, generation, fd) == 0) {
		holder_changed(l->at.holder);
	} else if (fd != -1) {
		l->way->leave(l->state, generation, &fd, 1);
		errno = ENOMEM;
		fd = -1;
	}
	return end(l, fd);
}

static int
revive(struct listener *l, unsigned int generation, int fd)
{
	return end(l, l->way->revive(begin(l), generation, fd));
}

int
listener_open(struct listener *l, unsigned int generation)
{
	const int *fds;
	size_t i, n;

	fds = listener_sockets(l, generation, &n);
	if (n == 0)
		return join(l, generation, -1);
	for (i = 0; i < n; i++)
		if (revive(l, generation, fds[i]) == -1)
			return -1;
	return fds[0];
}

enum listener_way
listener_way(const struct listener *l)
{
	if (l->way->bind != NULL && l->at.address.type == SOCK_STREAM)
		return LISTENER_BIND;
	return l->way->steering == STEERING_SHARED &&
		(l->sockets.n > 0 || l->at.passed)
	    ? LISTENER_SHARE
	    : LISTENER_ADOPT;
}

int
listener_bind(struct listener *l, int fd)
{
	return end(l, l->way->bind(begin(l), fd));
}

bool
listener_has(const struct listener *l, unsigned int generation, uint64_t cookie)
{
	return entries_same(&l->sockets, generation, cookie) != -1;
}

int
listener_listen_again(struct listener *l, unsigned int generation, int fd)
{
	int same = entries_same(&l->sockets, generation, sockopt_cookie(fd));

	if (same == -1 || l->at.address.type != SOCK_STREAM ||
	    queue_is_open(same))
		return 0;
	return revive(l, generation, same) == -1 ? -1 : 1;
}

bool
listener_is_open(const struct listener *l, unsigned int generation)
{
	size_t i, n;
	const int *fds = listener_sockets(l, generation, &n);

	if (n == 0 || l->at.address.type != SOCK_STREAM ||
	    l->way->prove == NULL)
		return true;
	for (i = 0; i < n; i++)
		if (queue_is_open(fds[i]))
			return true;
	return false;
}

bool
listener_is_empty(const struct listener *l)
{
	return l->sockets.n == 0;
}

int
listener_adopt(struct listener *l, unsigned int generation, int fd)
{
	/* A server may call listen(2) twice on one socket. */
	if (!listener_has(l, generation, sockopt_cookie(fd)))
		return join(l, generation, fd) == -1 ? -1 : 0;
	foreign_close(&fd);
	return 0;
}

int
listener_steer(struct listener *l, const struct steer_plan *plan)
{
	struct plan *mine = plan_copy(plan);

	if (mine == NULL)
		return -1;
	if (end(l, l->way->steer(begin(l), &mine->plan)) == -1) {
		plan_free(mine);
		return -1;
	}
	plan_free(l->plan);
	l->plan = mine;
	return 0;
}

int
listener_prove(struct listener *l, unsigned int generation)
{
	if (l->way->prove == NULL)
		return 0;
	return end(l, l->way->prove(begin(l), generation));
}

int
listener_prepare_leave(struct listener *l, unsigned int generation)
{
	return end(l, l->way->prepare(begin(l), generation));
}

/* Close n sockets of a generation, which begin at fds in the list. */
static void
close_some(
    struct listener *l, unsigned int generation, const int *fds, size_t n)
{
	l->way->leave(begin(l), generation, fds, n);
	entries_remove(&l->sockets, fds, n);
	end(l, 0);
}

int
listener_hand_over(struct listener *l, unsigned int from, unsigned int to)
{
	size_t n;

	listener_sockets(l, to, &n);
	if (n > 0) {
		errno = EEXIST;
		return -1;
	}
	begin(l);
	entries_rename(&l->sockets, from, to);
	l->way->hand_over(l->state, from, to);
	return end(l, 0);
}

void
listener_leave(struct listener *l, unsigned int generation)
{
	const int *fds;
	size_t n;

	fds = listener_sockets(l, generation, &n);
	if (n > 0)
		close_some(l, generation, fds, n);
}

void
listener_drop(struct listener *l, unsigned int generation, int fd)
{
	const int *fds;
	size_t i, n;

	fds = listener_sockets(l, generation, &n);
	for (i = 0; i < n; i++) {
		if (fds[i] == fd) {
			close_some(l, generation, fds + i, 1);
			return;
		}
	}
}

int
listener_rest(struct listener *l, int fd, bool rest)
{
	if (l->way->rest == NULL)
		return 0;
	return end(l, l->way->rest(begin(l), fd, rest));
}

void
listener_refuse(struct listener *l)
{
	l->way->refuse(begin(l));
	end(l, 0);
}

void
listener_mend(struct listener *l)
{
	l->way->mend(begin(l));
	end(l, 0);
}

void
listener_set_holder(struct listener *l, const struct holder *holder)
{
	l->at.holder = holder;
}
