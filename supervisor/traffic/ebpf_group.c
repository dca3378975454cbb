/* SPDX-License-Identifier: ISC */
/*
 * Writes the model of a group into the maps of its eBPF program.
 */
#include "traffic/ebpf_group.h"

#include <errno.h>
#include <stdlib.h>

#include "traffic/attach.h"
#include "traffic/ebpf_plan.h"
#include "traffic/queue.h"

/* Placeholders are never chosen; the kernel forgets sockets that have left. */
static bool
is_known(const struct group_slot *slot)
{
	return slot->generation != 0 && !slot->gone;
}

static int
find_free_key(const struct group *group)
{
	bool taken[EBPF_SOCKETS + 1] = { false };
	size_t i;

	for (i = 0; i < group->n; i++)
		taken[group->slots[i].key] = true;
	for (i = 1; i <= EBPF_SOCKETS; i++)
		if (!taken[i])
			return (int)i;
	errno = E2BIG;
	return -1;
}

static int
make_known(struct ebpf *e, const struct group *group, struct group_slot *slot)
{
	int key = find_free_key(group);

	if (key == -1)
		return -1;
	ebpf_remove(e, (unsigned int)key - 1);
	if (ebpf_put(e, (unsigned int)key - 1, slot->fd, slot->generation) ==
	    -1)
		return -1;
	slot->key = (unsigned int)key;
	slot->told = slot->generation;
	return 0;
}

/*
 * The kernel takes no socket into the map that its program has shut down just
 * now.  That is no reason to give up eBPF.
 */
static bool
has_left(int fd)
{
	int saved = errno;
	bool has;

	queue_await_shutdown(fd);
	has = queue_is_closed(fd);
	errno = saved;
	return has;
}

/*
 * A generation's sockets may have been given to another one, traffic/way.h.
 * Nobody may read a socket that is leaving, so its flows move.
 */
static int
tell_sockets(struct ebpf *e, struct group *group, unsigned int moving)
{
	struct group_slot *s;

	for (s = group->slots; s < group->slots + group->n; s++) {
		if (!is_known(s))
			continue;
		if (s->key == 0 && make_known(e, group, s) == -1) {
			if (!has_left(s->fd))
				return -1;
			s->gone = true;
			continue;
		}
		if (s->told != s->generation &&
		    ebpf_rename(e, s->key - 1, s->generation) == -1)
			return -1;
		s->told = s->generation;
		if (s->leaving || (moving != 0 && s->generation == moving))
			ebpf_forget_flows(e, s->key - 1);
	}
	return 0;
}

/*
 * The slots, in which only keepers have a generation, and the keys of all
 * sockets.  Both *new*; NULL with ENOMEM.
 */
static struct steer_slot *
collect(const struct group *group, unsigned int **keys)
{
	struct steer_slot *slots = calloc(group->n + 1, sizeof(*slots));
	size_t i;

	*keys = calloc(group->n + 1, sizeof(**keys));
	if (slots == NULL || *keys == NULL) {
		free(slots);
		free(*keys);
		return NULL;
	}
	for (i = 0; i < group->n; i++) {
		if (group_is_keeper(&group->slots[i]) && !group->slots[i].gone)
			slots[i].generation = group->slots[i].generation;
		(*keys)[i] = group->slots[i].key - 1;
	}
	return slots;
}

static int
tell_preview(struct ebpf *e, const struct steer_plan *plan)
{
	struct ebpf_net *nets = calloc(plan->npreview + 1, sizeof(*nets));
	size_t i;
	int r;

	if (nets == NULL)
		return -1;
	for (i = 0; i < plan->npreview; i++)
		ebpf_plan_net(&plan->preview[i], &nets[i]);
	r = ebpf_set_preview(e, nets, plan->npreview);
	free(nets);
	return r;
}

static int
store_plan(
    struct ebpf *e, const struct group *group, const struct steer_plan *plan)
{
	struct ebpf_plan *out = calloc(1, sizeof(*out));
	struct steer_plan fallback;
	struct steer_share share;
	struct steer_slot *slots;
	unsigned int *keys = NULL;
	int r = -1;

	slots = collect(group, &keys);
	if (slots == NULL || out == NULL)
		goto out;
	fallback = attach_fallback(group, &share);
	errno = EINVAL;
	if (plan != NULL) {
		fallback.idle_ms = plan->idle_ms;
		r = ebpf_plan_compile(plan, slots, keys, group->n, out);
	}
	if (r == -1 && errno == EINVAL)
		r = ebpf_plan_compile(&fallback, slots, keys, group->n, out);
	if (r == 0 && plan != NULL && plan->npreview > 0)
		r = tell_preview(e, plan);
	if (r == 0)
		r = ebpf_store(e, out);
out:
	if (slots != NULL) {
		free(slots);
		free(keys);
	}
	free(out);
	return r;
}

static int
attach_ebpf(int fd, const void *e)
{
	return ebpf_attach(e, fd);
}

int
ebpf_group_apply(
    struct ebpf *e, struct group *group, const struct steer_plan *plan)
{
	if (!attach_has_keeper(group)) /* nothing changes */
		return 0;
	if (tell_sockets(e, group, plan != NULL ? plan->moving : 0) == -1 ||
	    store_plan(e, group, plan) == -1)
		return -1;
	return attach_by_any(group, attach_ebpf, e);
}

void
ebpf_group_remove(struct ebpf *e, struct group_slot *slot)
{
	if (slot->key != 0)
		ebpf_remove(e, slot->key - 1);
	slot->key = 0;
}

size_t
ebpf_group_flows(const struct ebpf *e, const struct group *group,
    unsigned int generation, int64_t idle_ms)
{
	bool keys[EBPF_SOCKETS] = { false };
	const struct group_slot *s;

	for (s = group->slots; s < group->slots + group->n; s++)
		if (s->generation == generation && s->key != 0)
			keys[s->key - 1] = true;
	return ebpf_flows(e, keys, idle_ms);
}
