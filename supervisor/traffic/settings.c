/* SPDX-License-Identifier: ISC */
/*
 * Settings of sockets, as a table of the integer settings that servers use.
 */
#include "traffic/settings.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stddef.h>
#include <sys/socket.h>

#include "traffic/memberships.h"

struct setting {
	int level;
	int name;
};

/* Of a socket at any time. */
static const struct setting table[] = {
	{ SOL_SOCKET, SO_RCVBUF }, { SOL_SOCKET, SO_SNDBUF },
	{ SOL_SOCKET, SO_KEEPALIVE }, { SOL_SOCKET, SO_BROADCAST },
	{ SOL_SOCKET, SO_TIMESTAMP }, { SOL_SOCKET, SO_PASSCRED },
	{ SOL_SOCKET, SO_RXQ_OVFL }, { SOL_SOCKET, SO_MARK },
	{ SOL_SOCKET, SO_DONTROUTE }, { SOL_SOCKET, SO_OOBINLINE },
	{ SOL_SOCKET, SO_RCVLOWAT }, { SOL_SOCKET, SO_TIMESTAMPNS },
	{ SOL_SOCKET, SO_TIMESTAMPING }, { SOL_SOCKET, SO_BUSY_POLL },
	{ SOL_SOCKET, SO_PASSSEC }, { SOL_SOCKET, SO_SELECT_ERR_QUEUE },
	{ IPPROTO_TCP, TCP_NODELAY }, { IPPROTO_TCP, TCP_DEFER_ACCEPT },
	{ IPPROTO_TCP, TCP_FASTOPEN }, { IPPROTO_TCP, TCP_KEEPIDLE },
	{ IPPROTO_TCP, TCP_KEEPINTVL }, { IPPROTO_TCP, TCP_KEEPCNT },
	{ IPPROTO_TCP, TCP_USER_TIMEOUT }, { IPPROTO_TCP, TCP_SYNCNT },
	{ IPPROTO_TCP, TCP_LINGER2 }, { IPPROTO_TCP, TCP_WINDOW_CLAMP },
	{ IPPROTO_TCP, TCP_QUICKACK }, { IPPROTO_TCP, TCP_NOTSENT_LOWAT },
	{ IPPROTO_TCP, TCP_SAVE_SYN }, { IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE },
	{ IPPROTO_UDP, UDP_GRO }, { IPPROTO_UDP, UDP_SEGMENT },
	{ IPPROTO_IP, IP_TOS }, { IPPROTO_IP, IP_TTL },
	{ IPPROTO_IP, IP_MINTTL }, { IPPROTO_IP, IP_MULTICAST_IF },
	{ IPPROTO_IP, IP_MULTICAST_TTL }, { IPPROTO_IP, IP_MULTICAST_LOOP },
	{ IPPROTO_IP, IP_MULTICAST_ALL }, { IPPROTO_IP, IP_RECVORIGDSTADDR },
	{ IPPROTO_IP, IP_PKTINFO }, { IPPROTO_IP, IP_RECVERR },
	{ IPPROTO_IP, IP_RECVTOS }, { IPPROTO_IP, IP_RECVTTL },
	{ IPPROTO_IP, IP_MTU_DISCOVER }, { IPPROTO_IPV6, IPV6_RECVPKTINFO },
	{ IPPROTO_IPV6, IPV6_RECVERR }, { IPPROTO_IPV6, IPV6_RECVTCLASS },
	{ IPPROTO_IPV6, IPV6_RECVHOPLIMIT },
	{ IPPROTO_IPV6, IPV6_MTU_DISCOVER }, { IPPROTO_IPV6, IPV6_TCLASS },
	{ IPPROTO_IPV6, IPV6_UNICAST_HOPS }, { IPPROTO_IPV6, IPV6_MINHOPCOUNT },
	{ IPPROTO_IPV6, IPV6_MULTICAST_HOPS },
	{ IPPROTO_IPV6, IPV6_MULTICAST_LOOP },
	{ IPPROTO_IPV6, IPV6_MULTICAST_IF },
	{ IPPROTO_IPV6, IPV6_MULTICAST_ALL },
	{ IPPROTO_IPV6, IPV6_RECVORIGDSTADDR },
	{ SOL_SOCKET, SO_PRIORITY }, /* after IP_TOS, which changes it */
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
	memberships_copy(from, to);
}

void
settings_copy_all(int from, int to)
{
	copy(table, NELEM(table), from, to);
	copy(at_bind, NELEM(at_bind), from, to);
}
