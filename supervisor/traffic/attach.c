/* SPDX-License-Identifier: ISC */
/*
 * Compiles a plan for a group, and attaches it with SO_ATTACH_REUSEPORT_CBPF.
 */
#include "traffic/attach.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/bpf_batch.h"
#include "traffic/queue.h"
#include "traffic/steer.h"
#include "traffic/trace.h"

/* The oldest generation that may serve, which users have tested for longest. */
static unsigned int
oldest_keeper(const struct group *g)
{
	const struct group_slot *s;
	unsigned int oldest = 0;

	for (s = g->slots; s < g->slots + g->n; s++)
		if (group_is_keeper(s) &&
		    (oldest == 0 || s->generation < oldest))
			oldest = s->generation;
	return oldest;
}

bool
attach_has_keeper(const struct group *group)
{
	return oldest_keeper(group) != 0;
}

/* Datagrams are steered by the client's address, so that no flow is torn. */
static struct steer_plan
adapt(const struct endpoint *at, const struct steer_plan *plan)
{
	struct steer_plan ours = *plan;

	ours.sticky |= at->address.type == SOCK_DGRAM;
	return ours;
}

struct steer_plan
attach_fallback(const struct group *group, struct steer_share *share)
{
	const struct steer_plan plan = { .shares = share, .nshares = 1 };

	*share = (struct steer_share){ oldest_keeper(group), 100 };
	return plan;
}

static ssize_t
compile(const struct endpoint *at, const struct group *group,
    const struct steer_plan *plan, const struct steer_slot *slots,
    struct sock_filter *code)
{
	struct steer_plan ours;
	struct steer_share share;
	ssize_t n = -1;

	errno = EINVAL;
	if (plan != NULL) {
		ours = adapt(at, plan);
		n = steer_compile(&ours, slots, group->n, code, BPF_MAXINSNS);
	}
	if (n == -1 && errno == EINVAL) {
		ours = attach_fallback(group, &share);
		n = steer_compile(&ours, slots, group->n, code, BPF_MAXINSNS);
	}
	return n;
}

/*
 * A program may shut its socket down at any moment.  Such a socket refuses the
 * BPF program (EINVAL), or would take it for itself alone, if the kernel allows
 * that to a socket in no group: reuseport_attach_prog() in
 * net/core/sock_reuseport.c.  setsockopt(2) waits for the socket's lock, as
 * does shutdown(2), so what listens after it was in the group.  A UDP socket
 * that is connected is in no group, and takes none.
 */
int
attach_by_any(const struct group *group, attach_fn *attach, const void *program)
{
	const struct group_slot *s;
	int r = 0, error = 0;

	for (s = group->slots; s < group->slots + group->n; s++) {
		if (s->gone)
			continue;
		if ((r = attach(s->fd, program)) == -1)
			error = errno;
		else if (!queue_is_closed(s->fd))
			return 0;
	}
	errno = error;
	return error != 0 ? -1 : 0;
}

static int
attach_classic(int fd, const void *program)
{
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, program,
	    sizeof(struct sock_fprog));
}

int
attach_plan(const struct endpoint *at, const struct group *group,
    const struct steer_plan *plan, ssize_t traced)
{
	struct sock_filter code[BPF_MAXINSNS];
	struct sock_fprog program = { .filter = code };
	struct steer_slot *slots;
	int result = -1;
	ssize_t n;
	size_t i;

	if (!attach_has_keeper(group)) /* nothing changes */
		return 0;
	slots = calloc(group->n, sizeof(*slots));
	if (slots == NULL)
		return -1;
	for (i = 0; i < group->n; i++)
		if (group_is_keeper(&group->slots[i]))
			slots[i].generation = group->slots[i].generation;
	if (traced != -1)
		slots[traced].also = TRACE_GENERATION;
	if ((n = compile(at, group, plan, slots, code)) != -1) {
		program.len = (unsigned short)n;
		result = attach_by_any(group, attach_classic, &program);
		bpf_batch_freed();
	}
	free(slots);
	return result;
}

static bool
is_there(const struct group *group, unsigned int generation)
{
	size_t i;

	for (i = 0; i < group->n; i++)
		if (group_is_keeper(&group->slots[i]) &&
		    group->slots[i].generation == generation)
			return true;
	return false;
}

bool
attach_may_serve(const struct group *group, const struct steer_plan *plan,
    unsigned int generation)
{
	const struct steer_share *share;
	bool any = false;
	size_t i;

	for (i = 0; plan != NULL && i < plan->nshares; i++) {
		share = &plan->shares[i];
		if (share->percent == 0 || !is_there(group, share->generation))
			continue;
		any = true;
		if (share->generation == generation)
			return true;
	}
	return !any && generation == oldest_keeper(group);
}
