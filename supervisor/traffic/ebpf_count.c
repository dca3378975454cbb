/* SPDX-License-Identifier: ISC */
/*
 * Reads what the eBPF program has counted, and the flows that it remembers.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/fd.h"
#include "traffic/ebpf.h"
#include "traffic/ebpf_fields.h"

#define BATCH 4096 /* flows that are read at a time */

uint64_t
ebpf_given(const struct ebpf *e, unsigned int generation)
{
	const __u32 index = generation % EBPF_COUNTERS;
	int i, fd, n = libbpf_num_possible_cpus();
	__u64 *counts, sum = 0;

	if (n < 1 || (counts = calloc((size_t)n, sizeof(*counts))) == NULL)
		return 0;
	fd = ebpf_open_map(e, MAP_COUNTERS);
	if (fd != -1 && bpf_map_lookup_elem(fd, &index, counts) == 0)
		for (i = 0; i < n; i++)
			sum += counts[i];
	fd_close(&fd);
	free(counts);
	return sum;
}

/* The number of flows in a batch that have these keys and are not silent. */
static size_t
count_flows(const struct ebpf_flow *flows, __u32 n, const bool *keys,
    const __u32 *serials, int64_t idle_ms)
{
	const __u64 now_ns = (__u64)clock_ms() * 1000000;
	const __u64 idle_ns = (__u64)idle_ms * 1000000;
	__u64 limit;
	size_t count = 0;
	__u32 i;

	for (i = 0; i < n; i++) {
		limit = flows[i].lasts || idle_ns < EBPF_SHORT_NS
		    ? idle_ns
		    : EBPF_SHORT_NS;
		count += flows[i].key < EBPF_SOCKETS && keys[flows[i].key] &&
		    flows[i].serial == serials[flows[i].key] &&
		    flows[i].last_ns + limit >= now_ns;
	}
	return count;
}

static void
read_serials(const struct ebpf *e, const bool *keys, __u32 *serials)
{
	int fd = ebpf_open_map(e, MAP_OWNERS);
	struct ebpf_owner owner;
	__u32 key;

	for (key = 0; key < EBPF_SOCKETS; key++)
		if (keys[key] && bpf_map_lookup_elem(fd, &key, &owner) == 0)
			serials[key] = owner.serial;
	fd_close(&fd);
}

/* All flows of the map, a batch at a time. */
static size_t
count_all(int fd, const bool *keys, const __u32 *serials, int64_t idle_ms)
{
	struct ebpf_client *clients = calloc(BATCH, sizeof(*clients));
	struct ebpf_flow *flows = calloc(BATCH, sizeof(*flows));
	bool first = true, last = false;
	size_t count = 0;
	__u32 at = 0, n;

	while (clients != NULL && flows != NULL && !last) {
		n = BATCH;
		last = bpf_map_lookup_batch(fd, first ? NULL : &at, &at,
			   clients, flows, &n, NULL) != 0;
		if (last && errno != ENOENT)
			break;
		first = false;
		count += count_flows(flows, n, keys, serials, idle_ms);
	}
	free(clients);
	free(flows);
	return count;
}

size_t
ebpf_flows(const struct ebpf *e, const bool *keys, int64_t idle_ms)
{
	__u32 serials[EBPF_SOCKETS] = { 0 };
	size_t count;
	int fd;

	if (!e->datagrams || (fd = ebpf_open_map(e, MAP_FLOWS)) == -1)
		return 0;
	read_serials(e, keys, serials);
	count = count_all(fd, keys, serials, idle_ms);
	fd_close(&fd);
	return count;
}
