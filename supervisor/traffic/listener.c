/* SPDX-License-Identifier: ISC */
/*
 * The front: which generation has which sockets, what plan is in force, and
 * which way of steering the address has.
 */
#include "traffic/listener.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/foreign.h"
#include "traffic/holder.h"
#include "traffic/queue.h"
#include "traffic/way.h"

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

	/* The sockets; those of one generation are side by side. */
	unsigned int *generations;
	int *fds;
	size_t n;
};

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

static struct listener *
make(const char *name, const struct address *address, int backlog, bool passed)
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
	return make(name, address, backlog, false);
}

/* -1 with errno; EINVAL: a stream socket that does not listen. */
static int
read_endpoint(int fd, struct address *address, bool *v6only)
{
	int type, listens, only = 0;
	struct sockaddr_storage ss;
	socklen_t len = sizeof(type), sslen = sizeof(ss);

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == -1 ||
	    getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) == -1 ||
	    getsockname(fd, (struct sockaddr *)&ss, &sslen) == -1)
		return -1;
	if (type != SOCK_DGRAM && !listens) {
		errno = EINVAL;
		return -1;
	}
	if (ss.ss_family == AF_INET6)
		getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, &len);
	*v6only = only;
	return address_set(address, type, (struct sockaddr *)&ss, sslen);
}

struct listener *
listener_new_passed(
    const char *name, int fd, int backlog, const struct holder *holder)
{
	struct address address;
	struct listener *l;
	bool v6only;

	if (read_endpoint(fd, &address, &v6only) == -1 ||
	    (l = make(name, &address, backlog, true)) == NULL) {
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
	if (l == NULL)
		return;
	while (l->n > 0)
		listener_leave(l, l->generations[0]);
	l->way->free(l->state);
	plan_free(l->plan);
	credentials_fini(&l->at.owner);
	free(l->generations);
	free(l->fds);
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
	credentials_fini(&l->at.owner);
	l->at.owner = copy;
	return 0;
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
	size_t first = 0;

	while (first < l->n && l->generations[first] != generation)
		first++;
	for (*n = 0; first + *n < l->n; (*n)++)
		if (l->generations[first + *n] != generation)
			break;
	return first > 0 ? l->fds + first : l->fds;
}

/* Behind the last of its generation. */
static int
remember(struct listener *l, unsigned int generation, int fd)
{
	unsigned int *generations;
	size_t at = l->n;
	int *fds;

	generations =
	    reallocarray(l->generations, l->n + 1, sizeof(*generations));
	if (generations == NULL)
		return -1;
	l->generations = generations;
	fds = reallocarray(l->fds, l->n + 1, sizeof(*fds));
	if (fds == NULL)
		return -1;
	l->fds = fds;
	while (at > 0 && generations[at - 1] != generation)
		at--;
	if (at == 0)
		at = l->n;
	memmove(generations + at + 1, generations + at,
	    (l->n - at) * sizeof(*generations));
	memmove(fds + at + 1, fds + at, (l->n - at) * sizeof(*fds));
	generations[at] = generation;
	fds[at] = fd;
	l->n++;
	return 0;
}

/* *Steals* fd, which is -1 for a new one. */
static int
join(struct listener *l, unsigned int generation, int fd)
{
	fd = l->way->join(l->state, generation, fd);
	if (fd == -1)
		return -1;
	if (remember(l, generation, fd) == 0) {
		holder_changed(l->at.holder);
		return fd;
	}
	l->way->leave(l->state, generation, &fd, 1);
	errno = ENOMEM;
	return -1;
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
		if (l->way->revive(l->state, generation, fds[i]) == -1)
			return -1;
	return fds[0];
}

/* Servers may listen twice on one socket, and announce it twice. */
static bool
has_already(const struct listener *l, unsigned int generation, int fd)
{
	struct stat ours, theirs;
	const int *fds;
	size_t i, n;

	if (fstat(fd, &theirs) == -1)
		return false;
	fds = listener_sockets(l, generation, &n);
	for (i = 0; i < n; i++)
		if (fstat(fds[i], &ours) == 0 && ours.st_dev == theirs.st_dev &&
		    ours.st_ino == theirs.st_ino)
			return true;
	return false;
}

enum listener_way
listener_way(const struct listener *l)
{
	if (l->way->bind != NULL && l->at.address.type == SOCK_STREAM)
		return LISTENER_BIND;
	return l->way->steering == STEERING_SHARED && (l->n > 0 || l->at.passed)
	    ? LISTENER_SHARE
	    : LISTENER_ADOPT;
}

int
listener_bind(struct listener *l, int fd)
{
	return l->way->bind(l->state, fd);
}

bool
listener_has(const struct listener *l, unsigned int generation, int fd)
{
	return has_already(l, generation, fd);
}

bool
listener_is_empty(const struct listener *l)
{
	return l->n == 0;
}

int
listener_adopt(struct listener *l, unsigned int generation, int fd)
{
	if (!has_already(l, generation, fd))
		return join(l, generation, fd) == -1 ? -1 : 0;
	foreign_close(&fd);
	return 0;
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

/* Close n sockets of a generation's, which begin at fds in our list. */
static void
close_some(
    struct listener *l, unsigned int generation, const int *fds, size_t n)
{
	size_t first = (size_t)(fds - l->fds), rest = l->n - first - n;

	l->way->leave(l->state, generation, fds, n);
	memmove(l->fds + first, l->fds + first + n, rest * sizeof(*l->fds));
	memmove(l->generations + first, l->generations + first + n,
	    rest * sizeof(*l->generations));
	l->n -= n;
}

int
listener_hand_over(struct listener *l, unsigned int from, unsigned int to)
{
	size_t first, i, n;

	listener_sockets(l, to, &n);
	if (n > 0) {
		errno = EEXIST;
		return -1;
	}
	first = (size_t)(listener_sockets(l, from, &n) - l->fds);
	for (i = first; i < first + n; i++)
		l->generations[i] = to;
	l->way->hand_over(l->state, from, to);
	return 0;
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
	return l->way->rest != NULL ? l->way->rest(l->state, fd, rest) : 0;
}

enum listener_path
listener_leaf(const struct listener *l, const char *leaf)
{
	return l->way->leaf != NULL ? l->way->leaf(l->state, leaf) : PATH_OTHER;
}

bool
listener_is_in(const struct listener *l, const struct identity *directory)
{
	return l->way->is_there != NULL &&
	    l->way->is_there(l->state, directory);
}

bool
listener_is_gone(const struct listener *l)
{
	return l->way->is_gone != NULL && l->way->is_gone(l->state);
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
	int queued, sum = 0;
	const int *fds;
	size_t i, n;

	fds = listener_sockets(l, generation, &n);
	for (i = 0; i < n; i++) {
		queued = queue_length(fds[i]);
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

const char *
listener_private(const struct listener *l, unsigned int generation,
    const struct directory **directory)
{
	return l->way->name != NULL
	    ? l->way->name(l->state, generation, directory)
	    : NULL;
}

int
listener_connect(const struct listener *l, unsigned int generation, int fd)
{
	return l->way->connect(l->state, generation, fd);
}

void
listener_set_holder(struct listener *l, const struct holder *holder)
{
	l->at.holder = holder;
}

json_t *
listener_save(const struct listener *l)
{
	json_t *sockets = json_array();
	char text[ADDRESS_STRLEN];
	size_t i;

	for (i = 0; i < l->n; i++)
		json_array_append_new(sockets,
		    json_pack("[II]", (json_int_t)l->generations[i],
			(json_int_t)holder_cookie(l->fds[i])));
	address_format(&l->at.address, text);
	return json_pack("{ss* ss si sI sI sb sb so so}", "name", l->name,
	    "address", text, "backlog", l->at.backlog, "uid",
	    (json_int_t)l->at.owner.uid, "gid", (json_int_t)l->at.owner.gid,
	    "v6only", (int)l->at.v6only, "passed", (int)l->at.passed, "sockets",
	    sockets, "state", l->way->save(l->state));
}

/* Where a listener that comes up again finds what was its own. */
struct heritage {
	struct listener *l;
	int (*take)(uint64_t cookie, void *arg);
	void *arg;
};

static int
find_socket(unsigned int generation, uint64_t cookie, void *arg)
{
	struct heritage *heritage = arg;
	struct listener *l = heritage->l;
	size_t i;
	int fd;

	for (i = 0; i < l->n && generation != 0; i++)
		if (l->generations[i] == generation &&
		    holder_cookie(l->fds[i]) == cookie)
			return l->fds[i];
	fd = heritage->take(cookie, heritage->arg);
	if (fd != -1 && generation != 0 && remember(l, generation, fd) == -1)
		fd_close(&fd);
	return fd;
}

static struct listener *
make_again(const json_t *saved)
{
	const char *name = NULL, *text, *why;
	struct address address;
	struct listener *l;
	json_int_t uid, gid;
	int backlog, v6only, passed = 0;

	if (json_unpack((json_t *)saved, "{s?s ss si sI sI sb s?b}", "name",
		&name, "address", &text, "backlog", &backlog, "uid", &uid,
		"gid", &gid, "v6only", &v6only, "passed", &passed) == -1 ||
	    address_parse(&address, text, &why) == -1) {
		errno = EINVAL;
		return NULL;
	}
	if ((l = make(name, &address, backlog, passed)) == NULL)
		return NULL;
	credentials_fini(&l->at.owner);
	if (credentials_make(&l->at.owner, (uid_t)uid, (gid_t)gid, NULL, 0) ==
	    -1)
		return NULL;
	l->at.v6only = v6only;
	return l;
}

struct listener *
listener_restore(const json_t *saved, int (*take)(uint64_t, void *), void *arg,
    const struct holder *holder)
{
	struct heritage heritage = { make_again(saved), take, arg };
	const struct way_finder finder = { find_socket, &heritage };
	json_int_t generation, cookie;
	json_t *value;
	size_t i;

	if (heritage.l == NULL)
		return NULL;
	heritage.l->at.holder = holder;
	json_array_foreach (json_object_get(saved, "sockets"), i, value)
		if (json_unpack(value, "[II]", &generation, &cookie) == 0)
			find_socket((unsigned int)generation, (uint64_t)cookie,
			    &heritage);
	if (heritage.l->way->restore(heritage.l->state,
		json_object_get(saved, "state"), &finder) == -1)
		return NULL; /* to free it would end what still serves */
	return heritage.l;
}
