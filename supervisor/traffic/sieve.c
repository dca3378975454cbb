/* SPDX-License-Identifier: ISC */
/*
 * A sieve on a socket, by a filter or by a key.
 */
#include "traffic/sieve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#include "base/bpf_batch.h"
#include "base/sockopt.h"

#define NET(off) ((uint32_t)(SKF_NET_OFF + (off)))

static bool
has_filter(int fd)
{
	socklen_t len = 0;

	return getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, NULL, &len) == -1 ||
	    len > 0;
}

/* To a filter, the data of a packet begins at the TCP or UDP header. */
static int
set_filter(int fd, const struct sieve_source *source)
{
	const struct sockaddr_in *in4 = (const void *)&source->address;
	const struct sockaddr_in6 *in6 = (const void *)&source->address;
	bool is_in4 = source->address.ss_family == AF_INET;
	uint32_t address =
	    ntohl(is_in4 ? in4->sin_addr.s_addr : in6->sin6_addr.s6_addr32[3]);
	uint32_t first = source->ports == 0 ? 0 : ntohs(in4->sin_port);
	uint32_t end = source->ports == 0 ? 65536 : first + source->ports;
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, NET(0)),
		BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, is_in4 ? 4 : 6, 0, 6),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, NET(is_in4 ? 12 : 20)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, address, 0, 4),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, first, 0, 2),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, end, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	const struct sock_fprog program = {
		.len = sizeof(code) / sizeof(code[0]), .filter = code
	};

	if (has_filter(fd))
		return -1;
	return setsockopt(
	    fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

static void
clear_filter(int fd)
{
	const int unused = 0;

	setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof(unused));
	bpf_batch_freed();
}

/* An IPv6 socket has an IPv4 address as ::ffff:A.B.C.D. */
static int
set_key(int fd, const struct sieve_source *source, bool set)
{
	const struct sockaddr_in *in4 = (const void *)&source->address;
	struct sockaddr_in6 mapped = { .sin6_family = AF_INET6 };
	struct tcp_md5sig key = { .tcpm_keylen = set ? sizeof("hotswap") : 0,
		.tcpm_key = "hotswap" };

	if (source->address.ss_family != AF_INET ||
	    sockopt_get(fd, SOL_SOCKET, SO_TYPE) != SOCK_STREAM)
		return -1;
	mapped.sin6_addr.s6_addr16[5] = 0xffff;
	mapped.sin6_addr.s6_addr32[3] = in4->sin_addr.s_addr;
	if (sockopt_get(fd, SOL_SOCKET, SO_DOMAIN) == AF_INET6)
		memcpy(&key.tcpm_addr, &mapped, sizeof(mapped));
	else
		memcpy(&key.tcpm_addr, in4, sizeof(*in4));
	return setsockopt(fd, IPPROTO_TCP, TCP_MD5SIG, &key, sizeof(key));
}

int
sieve_set(struct sieve *sieve, int fd, const struct sieve_source *source)
{
	sieve->fd = fd;
	sieve->source = *source;
	if (set_filter(fd, source) == 0)
		sieve->kind = SIEVE_FILTER;
	else if (set_key(fd, source, true) == 0)
		sieve->kind = SIEVE_KEY;
	else {
		sieve->kind = SIEVE_NONE;
		errno = EBUSY;
		return -1;
	}
	return 0;
}

void
sieve_clear(struct sieve *sieve)
{
	if (sieve->kind == SIEVE_FILTER)
		clear_filter(sieve->fd);
	else if (sieve->kind == SIEVE_KEY)
		set_key(sieve->fd, &sieve->source, false);
	sieve->kind = SIEVE_NONE;
}

uint32_t
sieve_drops(int fd)
{
	uint32_t info[SK_MEMINFO_VARS] = { 0 };
	socklen_t len = sizeof(info);

	getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len);
	return info[SK_MEMINFO_DROPS];
}
