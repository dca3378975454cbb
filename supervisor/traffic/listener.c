/* SPDX-License-Identifier: ISC */
/*
 * The front: which generation has which sockets, what plan is in force, and
 * which way of steering the address has.
 */
#include "traffic/listener.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "traffic/queue.h"
#include "traffic/way.h"

/* The sockets of a generation. */
struct member {
	LIST_ENTRY(member) entry;
	unsigned int generation;
	int *fds;
	size_t n;
};

/* A plan of our own, with what it points to. */
struct plan {
	struct steer_plan plan;
	struct steer_share *shares;
	struct steer_net *preview;
};

struct listener {
	char *name;
	struct endpoint at;
	const struct way *way;
	void *state;	   /* the way's */
	struct plan *plan; /* NULL: none yet */
	LIST_HEAD(, member) members;
};

static const struct way *
choose_way(const struct address *a)
{
	switch (address_kind(a)) {
	case ADDRESS_INET:
		return &way_reuseport;
	case ADDRESS_UNIX:
		return a->type == SOCK_STREAM ? &way_rename : &way_shared;
	default:
		return &way_shared;
	}
}

struct listener *
listener_new(const char *name, const struct address *address, int backlog)
{
	char text[ADDRESS_STRLEN];
	struct listener *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	LIST_INIT(&l->members);
	l->at.address = *address;
	l->at.backlog = backlog;
	l->at.uid = geteuid();
	l->at.gid = getegid();
	address_format(address, text);
	l->way = choose_way(address);
	l->name = strdup(name != NULL ? name : text);
	if (l->name != NULL && (l->state = l->way->new (&l->at)) != NULL)
		return l;
	free(l->name);
	free(l);
	return NULL;
}

static void
plan_free(struct plan *p)
{
	if (p == NULL)
		return;
	free(p->shares);
	free(p->preview);
	free(p);
}

void
listener_free(struct listener *l)
{
	struct member *m;

	if (l == NULL)
		return;
	while ((m = LIST_FIRST(&l->members)) != NULL)
		listener_leave(l, m->generation);
	l->way->free(l->state);
	plan_free(l->plan);
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

void
listener_set_owner(struct listener *l, uid_t uid, gid_t gid)
{
	l->at.uid = uid;
	l->at.gid = gid;
}

static struct member *
find(const struct listener *l, unsigned int generation)
{
	struct member *m;

	LIST_FOREACH (m, &l->members, entry)
		if (m->generation == generation)
			return m;
	return NULL;
}

static void
member_free(struct member *m)
{
	LIST_REMOVE(m, entry);
	free(m->fds);
	free(m);
}

/* The generation's entry, with room for one socket more. */
static struct member *
member_make_room(struct listener *l, unsigned int generation)
{
	struct member *m = find(l, generation);
	int *fds;

	if (m == NULL) {
		m = calloc(1, sizeof(*m));
		if (m == NULL)
			return NULL;
		m->generation = generation;
		LIST_INSERT_HEAD(&l->members, m, entry);
	}
	fds = reallocarray(m->fds, m->n + 1, sizeof(*fds));
	if (fds != NULL) {
		m->fds = fds;
		return m;
	}
	if (m->n == 0)
		member_free(m);
	return NULL;
}

/* *Steals* fd, which is -1 for a new one. */
static int
join(struct listener *l, unsigned int generation, int fd)
{
	struct member *m = member_make_room(l, generation);

	if (m == NULL) {
		fd_close(&fd);
		return -1;
	}
	fd = l->way->join(l->state, generation, fd);
	if (fd != -1)
		m->fds[m->n++] = fd;
	else if (m->n == 0)
		member_free(m);
	return fd;
}

int
listener_open(struct listener *l, unsigned int generation)
{
	const struct member *m = find(l, generation);
	size_t i;

	if (m == NULL)
		return join(l, generation, -1);
	for (i = 0; i < m->n; i++)
		if (l->way->revive(l->state, generation, m->fds[i]) == -1)
			return -1;
	return m->fds[0];
}

/* Servers may listen twice on one socket, and announce it twice. */
static bool
has_already(const struct member *m, int fd)
{
	struct stat ours, theirs;
	size_t i;

	if (fstat(fd, &theirs) == -1)
		return false;
	for (i = 0; m != NULL && i < m->n; i++)
		if (fstat(m->fds[i], &ours) == 0 &&
		    ours.st_dev == theirs.st_dev &&
		    ours.st_ino == theirs.st_ino)
			return true;
	return false;
}

int
listener_adopt(struct listener *l, unsigned int generation, int fd)
{
	if (!has_already(find(l, generation), fd))
		return join(l, generation, fd) == -1 ? -1 : 0;
	fd_close(&fd);
	return 0;
}

const int *
listener_sockets(const struct listener *l, unsigned int generation, size_t *n)
{
	const struct member *m = find(l, generation);

	*n = m != NULL ? m->n : 0;
	return m != NULL ? m->fds : NULL;
}

static void *
copy(const void *array, size_t n, size_t size)
{
	void *mine = calloc(n + 1, size);

	if (mine != NULL && n > 0)
		memcpy(mine, array, n * size);
	return mine;
}

static struct plan *
plan_copy(const struct steer_plan *plan)
{
	struct plan *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->plan = *plan;
	p->shares = copy(plan->shares, plan->nshares, sizeof(*p->shares));
	p->preview = copy(plan->preview, plan->npreview, sizeof(*p->preview));
	p->plan.shares = p->shares;
	p->plan.preview = p->preview;
	if (p->shares != NULL && p->preview != NULL)
		return p;
	plan_free(p);
	return NULL;
}

int
listener_steer(struct listener *l, const struct steer_plan *plan)
{
	struct plan *mine = plan_copy(plan);

	if (mine == NULL)
		return -1;
	if (l->way->steer(l->state, &mine->plan) == -1) {
		plan_free(mine);
		return -1;
	}
	plan_free(l->plan);
	l->plan = mine;
	return 0;
}

int
listener_prepare_leave(struct listener *l, unsigned int generation)
{
	return l->way->prepare(l->state, generation);
}

void
listener_leave(struct listener *l, unsigned int generation)
{
	struct member *m = find(l, generation);

	if (m == NULL)
		return;
	l->way->leave(l->state, generation, m->fds, m->n);
	member_free(m);
}

void
listener_refuse(struct listener *l)
{
	l->way->refuse(l->state);
}

void
listener_mend(struct listener *l)
{
	l->way->mend(l->state);
}

int
listener_queued(const struct listener *l, unsigned int generation)
{
	const struct member *m = find(l, generation);
	int queued, sum = 0;
	size_t i;

	for (i = 0; m != NULL && i < m->n; i++) {
		queued = queue_length(m->fds[i]);
		if (queued == -1)
			return -1;
		sum += queued;
	}
	return sum;
}

int
listener_direct(const struct listener *l, unsigned int generation,
    unsigned int n, struct address *to, struct address *source)
{
	return l->way->direct(l->state, generation, n, to, source);
}
