/* SPDX-License-Identifier: ISC */
/*
 * What the kernel demands of sockets before it puts them into one group.
 */
#include "traffic/inet.h"

#include <errno.h>
#include <limits.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/foreign.h"
#include "base/sockopt.h"
#include "traffic/diag.h"
#include "traffic/group.h"
#include "traffic/holder.h"

#define DIAG_TRIES 5 /* while other sockets come and go */

bool
inet_is_tcp(const struct endpoint *at)
{
	return at->address.type == SOCK_STREAM;
}

/*
 * What bind(2) needs besides: IPV6_V6ONLY and the device tell which address it
 * is.  IP_FREEBIND allows all that IP_TRANSPARENT allows at bind(2), and takes
 * no privilege; an IPv6 socket obeys it too.
 */
static int
prepare(const struct endpoint *at, int fd)
{
	const struct address *a = &at->address;

	if ((a->sa.sa_family == AF_INET6 &&
		sockopt_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, at->v6only) == -1) ||
	    (a->device != 0 &&
		sockopt_set(fd, SOL_SOCKET, SO_BINDTOIFINDEX, (int)a->device) ==
		    -1) ||
	    ((at->freebind || at->transparent) &&
		sockopt_set(fd, IPPROTO_IP, IP_FREEBIND, 1) == -1) ||
	    (!inet_is_tcp(at) && at->reuseaddr &&
		sockopt_set(fd, SOL_SOCKET, SO_REUSEADDR, 1) == -1))
		return -1;
	if (at->transparent) /* as far as we may */
		sockopt_set(fd, IPPROTO_IP, IP_TRANSPARENT, 1);
	return 0;
}

static int
make(const struct endpoint *at)
{
	int fd = socket(
	    at->address.sa.sa_family, at->address.type | SOCK_CLOEXEC, 0);

	if (fd != -1 && prepare(at, fd) == -1)
		fd_close(&fd);
	return fd;
}

static int
bind_to(const struct endpoint *at, int fd)
{
	return bind(fd, &at->address.sa, at->address.len);
}

/*
 * Bind among sockets with SO_REUSEPORT.  A connected one may be there without
 * it, see part: SO_REUSEADDR lets both be there, and is needed for no longer.
 */
static int
bind_into(const struct endpoint *at, int fd)
{
	int before = sockopt_get(fd, SOL_SOCKET, SO_REUSEADDR), r;

	if (inet_is_tcp(at))
		return bind_to(at, fd);
	sockopt_set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	r = bind_to(at, fd);
	if (before == 0)
		sockopt_set(fd, SOL_SOCKET, SO_REUSEADDR, 0);
	return r;
}

static int
local_address(const struct endpoint *at, int fd, struct address *a)
{
	return endpoint_address(fd, at->address.type, a);
}

/* Learn what prepare gives to the next ones. */
static void
learn_options(struct endpoint *at, int fd)
{
	at->v6only = sockopt_is_set(fd, IPPROTO_IPV6, IPV6_V6ONLY);
	at->freebind = sockopt_is_set(fd, IPPROTO_IP, IP_FREEBIND);
	at->transparent = sockopt_is_set(fd, IPPROTO_IP, IP_TRANSPARENT);
	at->reuseaddr =
	    !inet_is_tcp(at) && sockopt_is_set(fd, SOL_SOCKET, SO_REUSEADDR);
}

int
inet_learn(struct endpoint *at, int fd)
{
	if (local_address(at, fd, &at->address) == -1)
		return -1;
	learn_options(at, fd);
	return 0;
}

/*
 * Make sure that nobody else has this address: with SO_REUSEPORT we would join
 * the group of any other server of the same owner.  Returns a socket that keeps
 * the address for TCP, and lets other sockets of ours have it.
 */
static int
claim(struct endpoint *at)
{
	int fd = make(at);

	if (fd == -1)
		return -1;
	if ((inet_is_tcp(at) &&
		sockopt_set(fd, SOL_SOCKET, SO_REUSEADDR, 1) == -1) ||
	    bind_to(at, fd) == -1 || inet_learn(at, fd) == -1)
		fd_close(&fd);
	return fd;
}

static int
dress(const struct endpoint *at, int fd, uid_t owner)
{
	if (sockopt_set(fd, SOL_SOCKET, SO_REUSEPORT, 1) == -1 ||
	    (owner != geteuid() && fchown(fd, owner, at->owner.gid) == -1))
		return -1;
	if (!inet_is_tcp(at))
		return 0;
	/*
	 * Always bind by number: the kernel frees a port that it chose itself
	 * when the socket is shut down.
	 */
	if (sockopt_set(fd, SOL_SOCKET, SO_REUSEADDR, 1) == -1)
		return -1;
	return bind_to(at, fd);
}

int
inet_make(struct endpoint *at, uid_t owner, bool first)
{
	int fd, claimed = -1;

	if (first && (claimed = claim(at)) == -1)
		return -1;
	if (!inet_is_tcp(at))
		fd_close(&claimed);
	if ((fd = make(at)) != -1 && dress(at, fd, owner) == -1)
		fd_close(&fd);
	fd_close(&claimed);
	return fd;
}

int
inet_conform(const struct endpoint *at, int fd, uid_t *owner, bool first)
{
	struct stat st;

	if (sockopt_is_set(fd, SOL_SOCKET, SO_ACCEPTCONN)) {
		errno = EINVAL; /* its index in the array is not known */
		return -1;
	}
	if (fstat(fd, &st) == -1 ||
	    sockopt_set(fd, SOL_SOCKET, SO_REUSEPORT, 1) == -1)
		return -1;
	if (first)
		*owner = st.st_uid;
	if (st.st_uid == *owner || fchown(fd, *owner, st.st_gid) == 0)
		return 0;
	errno = EXDEV;
	return -1;
}

/*
 * Compare what the kernel compares besides address and owner.  A link-local
 * address binds to its device by itself.
 */
static bool
is_alike(const struct endpoint *at, int fd, int other)
{
	unsigned int device = endpoint_device(fd);

	return sockopt_get(fd, IPPROTO_IPV6, IPV6_V6ONLY) ==
	    sockopt_get(other, IPPROTO_IPV6, IPV6_V6ONLY) &&
	    (device == at->address.device || device == endpoint_device(other));
}

int
inet_bind(struct endpoint *at, int fd, int other)
{
	int claimed = -1, result;

	if (other != -1 && !is_alike(at, fd, other)) {
		errno = EADDRINUSE;
		return -1;
	}
	if (other == -1) {
		learn_options(at, fd);
		if ((claimed = claim(at)) == -1)
			return -1;
	}
	if (!inet_is_tcp(at))
		fd_close(&claimed);
	else if (sockopt_set(fd, SOL_SOCKET, SO_REUSEADDR, 1) == -1) {
		fd_close(&claimed);
		return -1;
	}
	result = bind_into(at, fd);
	fd_close(&claimed);
	return result;
}

/* Ask bind(2), without what else would allow it. */
bool
inet_is_here(const struct endpoint *at)
{
	struct endpoint plain = { .address = at->address, .v6only = true };
	struct sockaddr_in *port = (void *)&plain.address.storage;
	bool is = true;
	int fd;

	if (!at->freebind && !at->transparent)
		return true;
	port->sin_port = 0; /* at the same place for IPv6 */
	if ((fd = make(&plain)) != -1)
		is = bind_to(&plain, fd) == 0 || errno != EADDRNOTAVAIL;
	fd_close(&fd);
	return is;
}

/* A socket that is searched for among those that listen. */
struct wanted {
	uint64_t cookie;
	bool found;
};

static void
see_listening(const struct inet_diag_msg *socket,
    const struct activity *activity, void *arg)
{
	struct wanted *wanted = arg;
	uint64_t high = socket->id.idiag_cookie[1];

	wanted->found |=
	    (high << 32 | socket->id.idiag_cookie[0]) == wanted->cookie;
}

bool
inet_may_listen(const struct endpoint *at, uint64_t cookie)
{
	struct wanted wanted = { .cookie = cookie };
	uint16_t port = address_port(&at->address);
	int tries, r = -1;

	for (tries = 0; tries < DIAG_TRIES && r == -1; tries++)
		r = diag_tcp(at->address.sa.sa_family, &port, 1, DIAG_LISTENING,
		    see_listening, &wanted);
	return r == -1 || wanted.found;
}

bool
inet_is_bound(const struct endpoint *at, int fd)
{
	struct address a;

	return local_address(at, fd, &a) == 0 && address_port(&a) != 0;
}

int
inet_enter(const struct endpoint *at, int fd)
{
	if (holder_hold(at->holder, fd) == -1 ||
	    (!inet_is_bound(at, fd) && bind_into(at, fd) == -1))
		return -1;
	return inet_is_tcp(at) ? listen(fd, at->backlog) : 0;
}

bool
inet_is_connected(int fd)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);

	return getpeername(fd, (struct sockaddr *)&peer, &len) == 0;
}

/*
 * A UDP socket that is connected: the kernel takes it out of its group, Linux
 * 6.18, but would still put the next one that is bound into a group with it,
 * beside ours, as long as it has SO_REUSEPORT.
 */
static void
part(int fd)
{
	if (sockopt_get(fd, SOL_SOCKET, SO_REUSEPORT) != 0 &&
	    sockopt_set(fd, SOL_SOCKET, SO_REUSEADDR, 1) == 0)
		sockopt_set(fd, SOL_SOCKET, SO_REUSEPORT, 0);
}

void
inet_gather(const struct endpoint *at, const struct group *group)
{
	const struct group_slot *s;

	for (s = group->slots; s < group->slots + group->n; s++) {
		if (!inet_is_tcp(at) && inet_is_connected(s->fd))
			part(s->fd);
		else if (!s->gone &&
		    sockopt_get(s->fd, SOL_SOCKET, SO_REUSEPORT) == 0)
			sockopt_set(s->fd, SOL_SOCKET, SO_REUSEPORT, 1);
	}
}

/* No device has this number, so the socket matches no packet. */
void
inet_hide(int fd)
{
	sockopt_set(fd, SOL_SOCKET, SO_BINDTOIFINDEX, INT_MAX);
}

bool
inet_is_hidden(int fd)
{
	return sockopt_get(fd, SOL_SOCKET, SO_BINDTOIFINDEX) == INT_MAX;
}

void
inet_withdraw(const struct endpoint *at, int fd)
{
	/* Else a duplicate elsewhere would keep it in the group. */
	if (inet_is_tcp(at))
		shutdown(fd, SHUT_RDWR);
	else if (inet_is_connected(fd))
		part(fd);
	holder_release(at->holder, fd, !inet_is_tcp(at));
	/* It may be the last duplicate of a program's socket, and linger. */
	foreign_close(&fd);
}

/* Closing the socket would reset the connections in its queue. */
void
inet_refuse(const struct endpoint *at, int fd)
{
	/* The data begins at the TCP header. */
	static struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS,
		    offsetof(struct tcphdr, th_flags)),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, TH_SYN | TH_ACK),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TH_SYN, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	const struct sock_fprog program = { .len = 5, .filter = code };

	if (inet_is_tcp(at))
		setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program,
		    sizeof(program));
}
