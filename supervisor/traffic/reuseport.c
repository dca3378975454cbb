/* SPDX-License-Identifier: ISC */
/*
 * TCP and UDP: all sockets of an address are one SO_REUSEPORT group, and a BPF
 * program on the group chooses among them.
 *
 * A classic program chooses by the order of the sockets, and must choose right
 * both before and after the next change of the order.  Therefore a socket that
 * joins is chosen only when its place is certain, and a socket that may leave
 * is not chosen any more, with placeholders behind the last one that stays
 * (traffic/group.h).  If a program shuts its socket down just as another socket
 * joins, nobody can tell which was first: the joining socket is taken out, and
 * joins again.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/sockopt.h"
#include "traffic/chooser.h"
#include "traffic/group.h"
#include "traffic/hiding.h"
#include "traffic/holder.h"
#include "traffic/inet.h"
#include "traffic/order.h"
#include "traffic/proof.h"
#include "traffic/reuseport_fields.h"
#include "traffic/way.h"

static void *
reuseport_new(struct endpoint *at)
{
	struct reuseport *r = calloc(1, sizeof(*r));

	if (r != NULL)
		r->at = at;
	return r;
}

static void
reuseport_free(void *way)
{
	struct reuseport *r = way;

	group_fini(&r->group);
	chooser_fini(&r->chooser);
	free(r);
}

/* Has the group changed? */
static bool
settle(struct reuseport *r, bool mixed)
{
	bool any = reuseport_look(r, mixed);

	if (chooser_is_ebpf(&r->chooser)) {
		if (!any)
			return false;
		reuseport_forget_gone(r);
	} else if (r->adrift)
		r->adrift = order_find(r->at, &r->group, r->plan) == -1;
	else if (any)
		group_vanish(&r->group, mixed);
	else
		return false;
	holder_commit(r->at->holder);
	return true;
}

/*
 * Put the plan in force.  No classic program is attached while the order of the
 * group is unknown.
 */
static int
attach(struct reuseport *r)
{
	bool was_ebpf = chooser_is_ebpf(&r->chooser);
	int result =
	    chooser_apply(&r->chooser, r->at, &r->group, r->plan, r->adrift);

	if (result == 0 || (!was_ebpf && !r->adrift))
		return result;
	/* eBPF, which needs no order, cannot be had any more. */
	if (was_ebpf && reuseport_look(r, true))
		reuseport_forget_gone(r);
	if (r->adrift && order_find(r->at, &r->group, r->plan) == -1)
		return -1;
	r->adrift = false;
	return chooser_apply(&r->chooser, r->at, &r->group, r->plan, false);
}

static int
append(struct reuseport *r, int fd, unsigned int generation)
{
	if (group_append(&r->group, fd, generation) == -1)
		return -1;
	r->group.slots[r->group.n - 1].cookie = sockopt_cookie(fd);
	return 0;
}

/* Make a socket of our own. */
static int
make_socket(struct reuseport *r)
{
	bool first = r->group.n == 0;

	if (first)
		r->uid = r->at->owner.uid;
	return inet_make(r->at, r->uid, first);
}

/*
 * Append the placeholders without which a departure would move other sockets.
 * Returns 1 if a socket has left meanwhile: the caller settles, and tries
 * again.
 */
static int
reserve(struct reuseport *r)
{
	int fd;

	while (!chooser_is_ebpf(&r->chooser) && group_missing(&r->group) > 0) {
		if ((fd = make_socket(r)) == -1)
			return -1;
		if (inet_enter(r->at, fd) == -1 || append(r, fd, 0) == -1) {
			inet_withdraw(r->at, fd);
			return -1;
		}
		hiding_hide(r->at, &r->group, 0);
		holder_commit(r->at->holder);
		if (reuseport_look(r, true))
			return 1;
	}
	return 0;
}

/* A connected UDP socket stays with its program, which goes on with it. */
static void
withdraw(struct reuseport *r, size_t index)
{
	if (inet_is_tcp(r->at) || !inet_is_connected(r->group.slots[index].fd))
		hiding_hide_slot(&r->group.slots[index]);
	chooser_remove(&r->chooser, &r->group.slots[index]);
	inet_withdraw(r->at, r->group.slots[index].fd);
	group_remove(&r->group, index);
	holder_commit(r->at->holder);
}

/*
 * A socket that has joined takes the place of a placeholder.  Returns 1 if a
 * socket has left meanwhile, as reserve().
 */
static int
exchange(struct reuseport *r)
{
	ssize_t index =
	    chooser_is_ebpf(&r->chooser) ? -1 : group_exchange(&r->group);

	if (index == -1)
		return 0;
	holder_commit(r->at->holder); /* as in tidy() */
	withdraw(r, (size_t)index);
	return reuseport_look(r, true);
}

/*
 * Let a socket join: its place is certain and protected, but it is not chosen
 * yet.  The successor need not know the last place of the order: to give up
 * that place moves no other socket.  On failure the socket is not in the group,
 * and stays the caller's.
 */
static int
admit(struct reuseport *r, unsigned int generation, int fd)
{
	int error, result;

	do {
		settle(r, false);
		if (hiding_make_way(&r->group))
			settle(r, true);
		if (r->adrift && !chooser_is_ebpf(&r->chooser)) {
			/* the socket's place could not be known */
			errno = EBUSY;
			return -1;
		}
		inet_gather(r->at, &r->group);
		if (inet_enter(r->at, fd) == -1)
			return -1;
		result = append(r, fd, generation);
		if (result == 0) {
			holder_changed(r->at->holder);
			result = exchange(r);
		}
		if (result == 0)
			result = reserve(r);
		if (result == 0 && !chooser_is_ebpf(&r->chooser) &&
		    reuseport_look(r, true))
			result = 1;
		if (result == 0)
			return 0;
		error = errno;
		if (inet_is_tcp(r->at))
			shutdown(fd, SHUT_RDWR);
		else if (group_find(&r->group, fd) != -1)
			group_remove(
			    &r->group, (size_t)group_find(&r->group, fd));
		settle(r, true);
		errno = error;
	} while (result == 1);
	return -1;
}

/* The index of a placeholder that is not needed; -1 if there is none. */
static ssize_t
find_spare(const struct reuseport *r, int fresh)
{
	size_t i;

	if (!chooser_is_ebpf(&r->chooser))
		return group_spare(&r->group, fresh);
	for (i = 0; i < r->group.n; i++)
		if (r->group.slots[i].generation == 0)
			return (ssize_t)i;
	return -1;
}

/* Close the placeholders that are not needed, then attach the program. */
static int
tidy(struct reuseport *r, int fresh)
{
	ssize_t index;

	while ((index = find_spare(r, fresh)) != -1) {
		/*
		 * A successor tells which socket was moved only if it knows the
		 * order before.
		 */
		holder_commit(r->at->holder);
		withdraw(r, (size_t)index);
	}
	return attach(r);
}

/*
 * From here on the sockets that are marked as leaving may leave: no other
 * socket will be moved, and the program in force chooses none of them.
 */
static int
let_go(struct reuseport *r)
{
	int result;

	while ((result = reserve(r)) == 1)
		settle(r, true);
	return result == 0 ? attach(r) : -1;
}

static void
mark_leaving(struct reuseport *r, unsigned int generation, bool leaving)
{
	size_t i;

	for (i = 0; i < r->group.n; i++)
		if (r->group.slots[i].generation == generation)
			r->group.slots[i].leaving = leaving;
}

static int
reuseport_prepare(void *way, unsigned int generation)
{
	struct reuseport *r = way;

	settle(r, false);
	mark_leaving(r, generation, true);
	if (let_go(r) == -1) {
		mark_leaving(r, generation, false);
		return -1;
	}
	return hiding_hide(r->at, &r->group, generation);
}

static void
reuseport_leave(void *way, unsigned int generation, const int *fds, size_t n)
{
	struct reuseport *r = way;
	bool prepared = !settle(r, false);
	ssize_t index;
	size_t i;

	for (i = 0; i < n; i++)
		if ((index = group_find(&r->group, fds[i])) != -1) {
			prepared &= r->group.slots[index].leaving;
			r->group.slots[index].leaving = true;
		}
	/* If it fails, the other sockets still get a program below. */
	if (!prepared)
		(void)let_go(r);
	for (i = 0; i < n; i++) {
		index = group_find(&r->group, fds[i]);
		if (index != -1)
			withdraw(r, (size_t)index);
		else
			inet_withdraw(r->at, fds[i]);
	}
	settle(r, true);
	(void)tidy(r, -1);
	if (chooser_is_ebpf(&r->chooser) || group_unsure(&r->group) == -1)
		return;
	order_resolve(r->at, &r->group, r->plan);
	(void)tidy(r, -1);
}

static int
reuseport_rest(void *way, int fd, bool rest)
{
	struct reuseport *r = way;
	ssize_t index;

	settle(r, false);
	if ((index = group_find(&r->group, fd)) == -1)
		return 0;
	r->group.slots[index].leaving = rest;
	return rest ? let_go(r) : tidy(r, -1);
}

static int
reuseport_revive(void *way, unsigned int generation, int fd)
{
	struct reuseport *r = way;

	settle(r, false);
	if (group_find(&r->group, fd) != -1)
		return inet_enter(r->at, fd);
	return admit(r, generation, fd) == -1 ? -1 : tidy(r, fd);
}

static int
reuseport_bind(void *way, int fd)
{
	struct reuseport *r = way;
	bool first = r->group.n == 0;

	if (inet_conform(r->at, fd, &r->uid, first) == -1)
		return -1;
	inet_gather(r->at, &r->group);
	return inet_bind(r->at, fd, first ? -1 : r->group.slots[0].fd);
}

/* Prepare a program's own socket.  A datagram socket is not bound yet. */
static int
conform(struct reuseport *r, int fd)
{
	return inet_is_bound(r->at, fd)
	    ? inet_conform(r->at, fd, &r->uid, r->group.n == 0)
	    : reuseport_bind(r, fd);
}

static int
reuseport_join(void *way, unsigned int generation, int fd)
{
	struct reuseport *r = way;
	bool first = r->group.n == 0;
	int error;

	if (fd == -1)
		fd = make_socket(r);
	else if (conform(r, fd) == -1)
		fd_close(&fd);
	if (fd == -1)
		return -1;
	if (admit(r, generation, fd) == 0 &&
	    (!first || inet_learn(r->at, fd) == 0) && tidy(r, fd) == 0)
		return fd;
	error = errno;
	reuseport_leave(r, generation, &fd, 1);
	errno = error;
	return -1;
}

static int
reuseport_steer(void *way, const struct steer_plan *plan)
{
	struct reuseport *r = way;
	const struct steer_plan *before = r->plan;
	bool adrift = r->adrift;

	r->plan = plan;
	settle(r, false);
	/* Sockets that are leaving need placeholders again. */
	if ((adrift ? let_go(r) : attach(r)) == 0)
		return 0;
	r->plan = before;
	return -1;
}

static int
reuseport_prove(void *way, unsigned int generation)
{
	struct reuseport *r = way;
	int error;

	settle(r, false);
	inet_gather(r->at, &r->group);
	if ((r->adrift && !chooser_is_ebpf(&r->chooser)) ||
	    proof_try(r->at, &r->group, r->plan, generation) == 0)
		return 0;
	error = errno;
	(void)attach(r);
	errno = error;
	return -1;
}

static void
reuseport_refuse(void *way)
{
	struct reuseport *r = way;
	size_t i;

	for (i = 0; i < r->group.n; i++)
		inet_refuse(r->at, r->group.slots[i].fd);
}

/* Only a path can be taken away by others. */
static void
reuseport_mend(void *way)
{
}

const struct way way_reuseport = {
	.steering = STEERING_REUSEPORT,
	.new = reuseport_new,
	.free = reuseport_free,
	.bind = reuseport_bind,
	.join = reuseport_join,
	.revive = reuseport_revive,
	.steer = reuseport_steer,
	.prove = reuseport_prove,
	.prepare = reuseport_prepare,
	.leave = reuseport_leave,
	.hand_over = reuseport_hand_over,
	.rest = reuseport_rest,
	.refuse = reuseport_refuse,
	.mend = reuseport_mend,
	.direct = reuseport_direct,
	.kind = reuseport_kind,
	.given = reuseport_given,
	.flows = reuseport_flows,
	.save = reuseport_save,
	.restore = reuseport_restore,
};
