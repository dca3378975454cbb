/* SPDX-License-Identifier: ISC */
/*
 * One packet to ourselves: a SYN or an empty datagram, which all sockets of
 * the group have a filter against for that instant.
 */
#include "traffic/trace.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"

#define LOOKS	 10 /* at the counts, a millisecond apart */
#define NET(off) ((uint32_t)(SKF_NET_OFF + (off)))

/* What is known of one of the sockets. */
struct suspect {
	int fd;
	bool filtered;
	uint32_t drops; /* before */
};

/* Bound to the n-th directed source, not blocking; -1 if it is taken. */
static int
bind_source(const struct endpoint *at, const struct address *source)
{
	const int on = 1;
	int fd = socket(source->sa.sa_family,
	    at->address.type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd == -1)
		return -1;
	if ((at->address.type == SOCK_STREAM &&
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ==
		    -1) ||
	    bind(fd, &source->sa, source->len) == -1)
		fd_close(&fd);
	return fd;
}

/* From the first source that is free; where it goes comes in to. */
static int
open_source(const struct endpoint *at, struct address *to)
{
	struct address source;
	unsigned int n;
	int fd;

	for (n = 0; address_direct(&at->address, at->v6only, TRACE_GENERATION,
			n, to, &source) == 0;
	     n++)
		if ((fd = bind_source(at, &source)) != -1)
			return fd;
	return -1;
}

/* Drop what has this source; the data begins at the TCP or UDP header. */
static int
refuse_source(int fd, const struct sockaddr_storage *source)
{
	const struct sockaddr_in *in4 = (const void *)source;
	const struct sockaddr_in6 *in6 = (const void *)source;
	bool is_in4 = source->ss_family == AF_INET;
	uint32_t address =
	    ntohl(is_in4 ? in4->sin_addr.s_addr : in6->sin6_addr.s6_addr32[3]);
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, NET(0)),
		BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, is_in4 ? 4 : 6, 0, 5),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, NET(is_in4 ? 12 : 20)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, address, 0, 3),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ntohs(in4->sin_port), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	const struct sock_fprog program = {
		.len = sizeof(code) / sizeof(code[0]), .filter = code
	};

	return setsockopt(
	    fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

static bool
has_filter(int fd)
{
	socklen_t len = 0;

	return getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, NULL, &len) == -1 ||
	    len > 0;
}

static uint32_t
count_drops(int fd)
{
	uint32_t info[SK_MEMINFO_VARS] = { 0 };
	socklen_t len = sizeof(info);

	getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len);
	return info[SK_MEMINFO_DROPS];
}

/* Returns how many have no filter of ours. */
static size_t
prepare(struct suspect *suspects, const int *fds, size_t n, int from)
{
	struct sockaddr_storage source = { 0 };
	socklen_t len = sizeof(source);
	size_t i, without = 0;

	if (getsockname(from, (struct sockaddr *)&source, &len) == -1)
		return n;
	for (i = 0; i < n; i++) {
		suspects[i].fd = fds[i];
		suspects[i].filtered =
		    !has_filter(fds[i]) && refuse_source(fds[i], &source) == 0;
		without += !suspects[i].filtered;
		suspects[i].drops = count_drops(fds[i]);
	}
	return without;
}

static void
restore(const struct suspect *suspects, size_t n)
{
	const int unused = 0;
	size_t i;

	for (i = 0; i < n; i++)
		if (suspects[i].filtered)
			setsockopt(suspects[i].fd, SOL_SOCKET, SO_DETACH_FILTER,
			    &unused, sizeof(unused));
}

static int
emit(const struct endpoint *at, int from, const struct address *to)
{
	if (at->address.type == SOCK_STREAM)
		return connect(from, &to->sa, to->len) == 0 ||
			errno == EINPROGRESS
		    ? 0
		    : -1;
	return sendto(from, "", 0, 0, &to->sa, to->len) == -1 ? -1 : 0;
}

/* The one whose count has risen; a queue that overflows counts as well. */
static int
find_hit(const struct suspect *suspects, size_t n)
{
	const struct suspect *s;
	int found = -1, looks, hits = 0;

	for (looks = 0; looks < LOOKS && hits == 0; looks++) {
		if (looks > 0)
			poll(NULL, 0, 1);
		for (s = suspects; s < suspects + n; s++) {
			if (!s->filtered || count_drops(s->fd) == s->drops)
				continue;
			found = s->fd;
			hits++;
		}
	}
	return hits == 1 ? found : -1;
}

int
trace_index(const struct endpoint *at, const int *fds, size_t n)
{
	struct suspect *suspects = calloc(n + 1, sizeof(*suspects));
	struct address to;
	int from = -1, found = -1;
	size_t without;

	if (suspects == NULL || (from = open_source(at, &to)) == -1)
		goto out;
	without = prepare(suspects, fds, n, from);
	/* What nobody is prepared for would reach a program. */
	if (without == 0 && emit(at, from, &to) == 0)
		found = find_hit(suspects, n);
	restore(suspects, n);
	if (found == -1)
		errno = without == 0 ? ENOENT : EBUSY;
out:
	fd_close(&from);
	free(suspects);
	return found;
}
