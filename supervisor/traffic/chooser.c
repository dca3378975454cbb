/* SPDX-License-Identifier: ISC */
/*
 * Uses eBPF where it is possible, otherwise a classic program for each plan.
 */
#include "traffic/chooser.h"

#include <errno.h>
#include <sys/socket.h>

#include "base/lack.h"
#include "traffic/attach.h"
#include "traffic/ebpf.h"
#include "traffic/ebpf_group.h"

#define FAILURES_MAX 8 /* after these eBPF is not tried again */

void
chooser_fini(struct chooser *chooser)
{
	ebpf_free(chooser->ebpf);
	chooser->ebpf = NULL;
}

bool
chooser_is_ebpf(const struct chooser *chooser)
{
	return chooser->ebpf != NULL;
}

/* A key is valid in one map of sockets only. */
static void
forget_keys(struct group *group)
{
	struct group_slot *s;

	for (s = group->slots; s < group->slots + group->n; s++)
		s->key = 0;
}

/*
 * EBUSY: the sockets are still in the maps of a predecessor.  The kernel frees
 * these maps with the predecessor's program, a moment after another one is
 * attached.  What the system lacks it may have again, too.
 */
static void
give_up_ebpf(struct chooser *chooser, struct group *group, int error)
{
	chooser_fini(chooser);
	chooser->failures +=
	    error == EBUSY || lack_is(error) ? 1 : FAILURES_MAX;
	forget_keys(group);
}

static bool
is_datagram(const struct endpoint *at)
{
	return at->address.type == SOCK_DGRAM;
}

/*
 * False if eBPF is not possible here.  A socket may be in a map of its
 * program's own, and the limits of kernel/steering_maps.h may be too narrow.
 */
static bool
apply_ebpf(struct chooser *chooser, const struct endpoint *at,
    struct group *group, const struct steer_plan *plan)
{
	if (at->kind == KIND_CLASSIC) {
		chooser_fini(chooser);
		forget_keys(group);
		return false;
	}
	if (chooser->failures >= FAILURES_MAX)
		return false;
	if (chooser->ebpf == NULL)
		chooser->ebpf = ebpf_new(is_datagram(at));
	if (chooser->ebpf != NULL &&
	    ebpf_group_apply(chooser->ebpf, group, plan) == 0)
		return true;
	give_up_ebpf(chooser, group, errno);
	return false;
}

int
chooser_apply(struct chooser *chooser, const struct endpoint *at,
    struct group *group, const struct steer_plan *plan, bool adrift)
{
	bool was_ebpf = chooser_is_ebpf(chooser);

	if (apply_ebpf(chooser, at, group, plan))
		return 0;
	if (!adrift && !was_ebpf)
		return attach_plan(at, group, plan, -1);
	errno = EBUSY;
	return -1;
}

void
chooser_remove(struct chooser *chooser, struct group_slot *slot)
{
	if (chooser->ebpf != NULL)
		ebpf_group_remove(chooser->ebpf, slot);
}

uint64_t
chooser_given(const struct chooser *chooser, unsigned int generation)
{
	return chooser->ebpf != NULL ? ebpf_given(chooser->ebpf, generation)
				     : 0;
}

size_t
chooser_flows(const struct chooser *chooser, const struct group *group,
    unsigned int generation, int64_t idle_ms)
{
	return chooser->ebpf != NULL
	    ? ebpf_group_flows(chooser->ebpf, group, generation, idle_ms)
	    : 0;
}

json_t *
chooser_save(const struct chooser *chooser)
{
	return chooser->ebpf != NULL ? ebpf_save(chooser->ebpf) : NULL;
}

void
chooser_restore(struct chooser *chooser, const struct endpoint *at,
    struct group *group, const json_t *saved)
{
	if (saved != NULL)
		chooser->ebpf = ebpf_restore(saved, is_datagram(at));
	if (chooser->ebpf == NULL)
		forget_keys(group);
}
