/* SPDX-License-Identifier: ISC */
/*
 * Settings of sockets, as a table of the integer settings that servers use.
 */
#include "traffic/settings.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <sys/socket.h>

struct setting {
	int level;
	int name;
};

/* Of a socket at any time. */
static const struct setting table[] = {
	{ SOL_SOCKET, SO_RCVBUF },
	{ SOL_SOCKET, SO_SNDBUF },
	{ SOL_SOCKET, SO_KEEPALIVE },
	{ SOL_SOCKET, SO_BROADCAST },
	{ SOL_SOCKET, SO_TIMESTAMP },
	{ SOL_SOCKET, SO_PASSCRED },
	{ SOL_SOCKET, SO_RXQ_OVFL },
	{ IPPROTO_TCP, TCP_NODELAY },
	{ IPPROTO_TCP, TCP_DEFER_ACCEPT },
	{ IPPROTO_TCP, TCP_FASTOPEN },
	{ IPPROTO_TCP, TCP_KEEPIDLE },
	{ IPPROTO_TCP, TCP_KEEPINTVL },
	{ IPPROTO_TCP, TCP_KEEPCNT },
	{ IPPROTO_TCP, TCP_USER_TIMEOUT },
	{ IPPROTO_IP, IP_PKTINFO },
	{ IPPROTO_IP, IP_RECVERR },
	{ IPPROTO_IP, IP_RECVTOS },
	{ IPPROTO_IP, IP_RECVTTL },
	{ IPPROTO_IP, IP_MTU_DISCOVER },
	{ IPPROTO_IPV6, IPV6_RECVPKTINFO },
	{ IPPROTO_IPV6, IPV6_RECVERR },
	{ IPPROTO_IPV6, IPV6_RECVTCLASS },
	{ IPPROTO_IPV6, IPV6_RECVHOPLIMIT },
	{ IPPROTO_IPV6, IPV6_MTU_DISCOVER },
};

/* Which address a socket may bind, and together with whom. */
static const struct setting at_bind[] = {
	{ SOL_SOCKET, SO_REUSEADDR },
	{ SOL_SOCKET, SO_REUSEPORT },
	{ SOL_SOCKET, SO_BINDTOIFINDEX },
	{ IPPROTO_IP, IP_FREEBIND },
	{ IPPROTO_IP, IP_TRANSPARENT },
	{ IPPROTO_IPV6, IPV6_V6ONLY },
};

#define NELEM(a) (sizeof(a) / sizeof((a)[0]))

/* The kernel returns twice the buffer size that was set, socket(7). */
static int
as_asked(int level, int name, int value)
{
	return level == SOL_SOCKET && (name == SO_RCVBUF || name == SO_SNDBUF)
	    ? value / 2
	    : value;
}

static void
copy(const struct setting *settings, size_t n, int from, int to)
{
	int level, name, want, have;
	socklen_t len;
	size_t i;

	for (i = 0; i < n; i++) {
		level = settings[i].level;
		name = settings[i].name;
		len = sizeof(int);
		if (getsockopt(from, level, name, &want, &len) == -1 ||
		    getsockopt(to, level, name, &have, &len) == -1 ||
		    want == have)
			continue;
		want = as_asked(level, name, want);
		setsockopt(to, level, name, &want, sizeof(want));
	}
}

void
settings_copy(int from, int to)
{
	copy(table, NELEM(table), from, to);
}

void
settings_copy_all(int from, int to)
{
	copy(table, NELEM(table), from, to);
	copy(at_bind, NELEM(at_bind), from, to);
}
