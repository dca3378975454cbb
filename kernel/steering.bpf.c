/* SPDX-License-Identifier: ISC */
/*
 * The part of steering that runs in the kernel: it chooses the socket of a
 * SO_REUSEPORT group that gets the next connection or datagram.  It is attached
 * once (SO_ATTACH_REUSEPORT_EBPF, socket(7)); what the supervisor writes into
 * the maps takes effect at once.  traffic/steer.c does the same in classic BPF.
 * For UDP it remembers which socket a client has: a flow stays with its
 * generation, and with that socket, as long as both live and the flow is not
 * silent for longer than --udp-idle.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <stdbool.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "steering_maps.h"

/* The same values as in traffic/address.h. */
#define STEER_NET	0x7f530000u
#define STEER_PORT_BASE 61440u
#define STEER_PORTS	16u
#define GOLDEN		0x9e3779b1u

#define TRIES 4 /* sockets of a target to try: some may be closing */

struct {
	__uint(type, BPF_MAP_TYPE_REUSEPORT_SOCKARRAY);
	__uint(max_entries, EBPF_SOCKETS);
	__type(key, __u32);
	__type(value, __u64);
} sockets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, EBPF_PLANS);
	__type(key, __u32);
	__type(value, struct ebpf_plan);
} plans SEC(".maps");

/* The index of the plan that is in force. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} current SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, EBPF_SOCKETS);
	__type(key, __u32);
	__type(value, struct ebpf_owner);
} owners SEC(".maps");

/* The networks of --preview. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, EBPF_NETS);
	__type(key, struct ebpf_net);
	__type(value, __u8);
} preview SEC(".maps");

/* Connections or datagrams given to a generation, by its number. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, EBPF_COUNTERS);
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps");

/* The supervisor gives these two maps one entry each where there is no UDP. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, EBPF_FLOWS);
	__type(key, struct ebpf_client);
	__type(value, struct ebpf_flow);
} flows SEC(".maps");

/*
 * For QUIC: the first four bytes of a connection ID that a packet of a known
 * flow had.  Servers choose IDs at random; some IDs have only four bytes.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, EBPF_FLOWS);
	__type(key, __u32);
	__type(value, struct ebpf_flow);
} connections SEC(".maps");

/* The sender of a packet. */
struct source {
	struct ebpf_client client;
	__u32 hash; /* of the address alone */
};

static __always_inline __u32
mix(__u32 a)
{
	a ^= a >> 16;
	a *= GOLDEN;
	a ^= a >> 15;
	a *= GOLDEN;
	a ^= a >> 16;
	return a;
}

static __always_inline bool
read_source(struct sk_reuseport_md *ctx, struct source *source)
{
	struct ebpf_client *client = &source->client;
	__u32 i;

	__builtin_memset(source, 0, sizeof(*source));
	if (bpf_skb_load_bytes(ctx, 0, &client->port, sizeof(client->port)) < 0)
		return false;
	client->port = bpf_ntohs(client->port);
	if (ctx->eth_protocol == bpf_htons(ETH_P_IP)) {
		if (bpf_skb_load_bytes_relative(
			ctx, 12, &client->address[3], 4, BPF_HDR_START_NET) < 0)
			return false;
		client->address[2] = bpf_htonl(0xffff);
		source->hash = bpf_ntohl(client->address[3]);
		return true;
	}
	client->is_in6 = 1;
	if (bpf_skb_load_bytes_relative(
		ctx, 8, client->address, 16, BPF_HDR_START_NET) < 0)
		return false;
	for (i = 0; i < 4; i++)
		source->hash =
		    source->hash * GOLDEN + bpf_ntohl(client->address[i]);
	return true;
}

/* Is it a source of health checks, or of the supervisor's own packets? */
static __always_inline bool
is_ours(const struct ebpf_client *client)
{
	if (!client->is_in6)
		return (bpf_ntohl(client->address[3]) & 0xffff0000u) ==
		    STEER_NET;
	return client->address[0] == 0 && client->address[1] == 0 &&
	    client->address[2] == 0 && client->address[3] == bpf_htonl(1) &&
	    client->port >= STEER_PORT_BASE;
}

/*
 * Mask an index in a way that the compiler cannot remove: the compiler knows
 * that the index is in bounds already, the verifier does not.
 */
static __always_inline __u32
bounded(__u32 index, __u32 mask)
{
	__asm__ volatile("" : "+r"(index));
	return index & mask;
}

/* NULL if there is no such target. */
static __always_inline const struct ebpf_target *
target_at(const struct ebpf_plan *plan, __u32 index)
{
	return index >= EBPF_TARGETS
	    ? NULL
	    : &plan->targets[bounded(index, EBPF_TARGETS - 1)];
}

/* The target at which a source of ours is directed, or EBPF_NONE. */
static __always_inline __u32
find_directed(const struct ebpf_plan *plan, const struct ebpf_client *client)
{
	const struct ebpf_target *t;
	__u32 number, mask, i, target;

	if (client->is_in6) {
		number = (client->port - STEER_PORT_BASE) / STEER_PORTS;
		mask = EBPF_SLOTS - 1;
	} else {
		number = bpf_ntohl(client->address[3]) & 0xffff;
		mask = 0xffff;
	}
	target = plan->directed[number & (EBPF_SLOTS - 1)];
	for (i = 0; i < EBPF_CHAIN; i++) {
		if ((t = target_at(plan, target)) == NULL)
			return EBPF_NONE;
		if ((t->generation & mask) == number)
			return target;
		target = t->next;
	}
	return EBPF_NONE;
}

static __always_inline __u32
find_preview(const struct ebpf_plan *plan, const struct source *source)
{
	struct ebpf_net net = { .bits = 128 };

	if (plan->preview == EBPF_NONE)
		return EBPF_NONE;
	__builtin_memcpy(
	    net.address, source->client.address, sizeof(net.address));
	return bpf_map_lookup_elem(&preview, &net) == NULL ? EBPF_NONE
							   : plan->preview;
}

/*
 * The number of a flow comes from its client, so it is the same each time.  If
 * the flow's entry is dropped because the map is full, the flow stays with its
 * generation while the shares stay the same.
 */
static __always_inline __u32
find_share(const struct ebpf_plan *plan, const struct source *source,
    bool is_datagram, __u32 hash)
{
	__u32 number = plan->sticky ? mix(source->hash)
	    : is_datagram	    ? hash
				    : bpf_get_prandom_u32();

	number %= 100;
	return plan->shares[bounded(number, 127)];
}

static __always_inline void
count(__u32 generation)
{
	__u32 index = generation % EBPF_COUNTERS;
	__u64 *counter = bpf_map_lookup_elem(&counters, &index);

	if (counter != NULL)
		++*counter; /* a counter of this CPU alone */
}

/* Choose one of the target's sockets.  Returns its key, or EBPF_NO_KEY. */
static __always_inline __u32
select_socket(struct sk_reuseport_md *ctx, const struct ebpf_plan *plan,
    __u32 index, __u32 hash)
{
	const struct ebpf_target *target;
	__u32 i, key;

	if ((target = target_at(plan, index)) == NULL)
		return EBPF_NO_KEY;
	for (i = 0; i < TRIES; i++) {
		if (i >= target->n)
			break;
		key = plan->members[(target->first + (hash + i) % target->n) &
		    (EBPF_SOCKETS - 1)];
		if (bpf_sk_select_reuseport(ctx, &sockets, &key, 0) == 0)
			return key;
	}
	return EBPF_NO_KEY;
}

/* Choose the socket that the flow had before. */
static __always_inline bool
follow(struct sk_reuseport_md *ctx, const struct ebpf_plan *plan,
    const struct ebpf_flow *flow, __u64 now)
{
	__u32 key = flow->key;
	const struct ebpf_owner *owner;

	if (now - flow->last_ns > plan->idle_ns[flow->lasts & 1])
		return false;
	owner = bpf_map_lookup_elem(&owners, &key);
	if (owner == NULL || owner->serial != flow->serial ||
	    bpf_sk_select_reuseport(ctx, &sockets, &key, 0) != 0)
		return false;
	count(owner->generation);
	return true;
}

/*
 * A packet with a short header contains the connection ID: RFC 9000, 17.3.1.
 * The second bit of the packet may have any value, RFC 9287.
 */
static __always_inline bool
read_connection(struct sk_reuseport_md *ctx, __u32 *id)
{
	__u8 first;

	return bpf_skb_load_bytes(ctx, 8, &first, 1) == 0 &&
	    (first & 0x80) == 0 &&
	    bpf_skb_load_bytes(ctx, 9, id, sizeof(*id)) == 0;
}

/* Is it a long header (RFC 9000, 17.2) of version 1, version 2 or a draft? */
static __always_inline bool
begins_quic(struct sk_reuseport_md *ctx)
{
	struct {
		__u8 first;
		__u8 version[4];
	} header;
	__u32 version;

	if (bpf_skb_load_bytes(ctx, 8, &header, sizeof(header)) < 0 ||
	    (header.first & 0xc0) != 0xc0)
		return false;
	version = (__u32)header.version[0] << 24 | header.version[1] << 16 |
	    header.version[2] << 8 | header.version[3];
	return version == 1 || version == 0x6b3343cf ||
	    (version & 0xffffff00) == 0xff000000;
}

static __always_inline void
remember(const struct ebpf_client *client, const struct ebpf_flow *flow,
    bool named, const __u32 *id)
{
	bpf_map_update_elem(&flows, client, flow, BPF_ANY);
	if (named)
		bpf_map_update_elem(&connections, id, flow, BPF_ANY);
}

/*
 * Follow a flow that is known by its client or, where the client's address or
 * port has changed, by its connection ID.
 */
static __always_inline bool
follow_known(struct sk_reuseport_md *ctx, const struct ebpf_plan *plan,
    const struct source *source, __u64 now)
{
	struct ebpf_flow *flow, fresh;
	__u32 id = 0;
	bool named = read_connection(ctx, &id);

	flow = bpf_map_lookup_elem(&flows, &source->client);
	if (flow != NULL && follow(ctx, plan, flow, now)) {
		flow->last_ns = now;
		flow->n++;
		flow->lasts |= flow->n >= EBPF_LASTS_N &&
		    now - flow->first_ns >= EBPF_LASTS_NS;
		if (named && flow->quic && flow->ids < EBPF_IDS &&
		    bpf_map_lookup_elem(&connections, &id) == NULL) {
			flow->ids++;
			bpf_map_update_elem(&connections, &id, flow, BPF_ANY);
		}
		return true;
	}
	if (!named || (flow = bpf_map_lookup_elem(&connections, &id)) == NULL)
		return false;
	/*
	 * The entry of an ID is not updated with each packet, so it does not
	 * tell how long the connection has been silent.
	 */
	fresh = *flow;
	if (!follow(ctx, plan, &fresh, fresh.last_ns))
		return false;
	fresh.last_ns = now;
	remember(&source->client, &fresh, true, &id);
	return true;
}

/* Count a new connection or flow, and remember the flow. */
static __always_inline void
begin(struct sk_reuseport_md *ctx, const struct source *source, __u32 key,
    bool is_datagram, __u64 now)
{
	const struct ebpf_owner *owner = bpf_map_lookup_elem(&owners, &key);
	struct ebpf_flow flow = { .first_ns = now, .last_ns = now, .key = key };

	if (owner == NULL)
		return;
	count(owner->generation);
	if (!is_datagram)
		return;
	flow.serial = owner->serial;
	flow.quic = flow.lasts = begins_quic(ctx);
	remember(&source->client, &flow, false, NULL);
}

/* The plan that is in force. */
static __always_inline const struct ebpf_plan *
read_plan(void)
{
	__u32 zero = 0, *index = bpf_map_lookup_elem(&current, &zero);

	return index == NULL ? NULL : bpf_map_lookup_elem(&plans, index);
}

/* As select_socket, of the target that the plan has for a new client. */
static __always_inline __u32
choose(struct sk_reuseport_md *ctx, const struct ebpf_plan *plan,
    const struct source *source, bool is_datagram, __u32 hash)
{
	__u32 target = find_preview(plan, source), key;

	if (target == EBPF_NONE)
		target = find_share(plan, source, is_datagram, hash);
	key = select_socket(ctx, plan, target, hash);
	return key == EBPF_NO_KEY
	    ? select_socket(ctx, plan, plan->fallback, hash)
	    : key;
}

static __always_inline int
steer(struct sk_reuseport_md *ctx, bool is_datagram)
{
	__u32 target = EBPF_NONE, hash, key;
	bool ours;
	const struct ebpf_plan *plan;
	struct source source;
	__u64 now = 0;

	if ((plan = read_plan()) == NULL || !read_source(ctx, &source))
		return SK_DROP;
	ours = is_ours(&source.client);
	if (ours)
		target = find_directed(plan, &source.client);
	if (is_datagram && !ours) {
		now = bpf_ktime_get_ns();
		if (follow_known(ctx, plan, &source, now))
			return SK_PASS;
	}
	hash = mix(source.hash * GOLDEN + source.client.port);
	if (target != EBPF_NONE) /* directed: this generation or none */
		return select_socket(ctx, plan, target, hash) == EBPF_NO_KEY
		    ? SK_DROP
		    : SK_PASS;
	key = choose(ctx, plan, &source, is_datagram, hash);
	/* The plan may have been replaced since, and its sockets be gone. */
	if (key == EBPF_NO_KEY && (plan = read_plan()) != NULL)
		key = choose(ctx, plan, &source, is_datagram, hash);
	if (key == EBPF_NO_KEY)
		return SK_DROP;
	if (!ours)
		begin(ctx, &source, key, is_datagram, now);
	return SK_PASS;
}

/*
 * One program for each protocol: without the flows of UDP, the verifier accepts
 * a program in half the time.
 */
SEC("sk_reuseport")
int
hotswap_steer(struct sk_reuseport_md *ctx)
{
	return steer(ctx, true);
}

SEC("sk_reuseport")
int
hotswap_stream(struct sk_reuseport_md *ctx)
{
	return steer(ctx, false);
}

char LICENSE[] SEC("license") = "ISC";
