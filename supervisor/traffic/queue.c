/* SPDX-License-Identifier: ISC */
/*
 * The kernel's answers: TCP_INFO, tcp(7), for TCP; SO_MEMINFO, socket(7), for
 * UDP; the socket diagnosis for Unix sockets.
 */
#include "traffic/queue.h"

#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/sockopt.h"
#include "traffic/diag.h"

/* From the kernel's include/linux/net.h, which programs cannot include. */
#define STATE_LISTEN 10

static int
tcp_info(int fd, struct tcp_info *info)
{
	socklen_t len = sizeof(*info);

	memset(info, 0, sizeof(*info));
	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, &len);
}

bool
queue_is_open(int fd)
{
	struct tcp_info info;

	return tcp_info(fd, &info) == 0 && info.tcpi_state == STATE_LISTEN;
}

/* For a listening socket tcpi_unacked is the length of the accept queue. */
static int
tcp_length(int fd)
{
	struct tcp_info info;

	if (tcp_info(fd, &info) == -1)
		return -1;
	return info.tcpi_state == STATE_LISTEN ? (int)info.tcpi_unacked : 0;
}

static int
udp_length(int fd)
{
	uint32_t info[SK_MEMINFO_VARS] = { 0 };
	socklen_t len = sizeof(info);

	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len) == -1)
		return -1;
	return (int)info[SK_MEMINFO_RMEM_ALLOC];
}

int
queue_length(int fd)
{
	int domain = sockopt_get(fd, SOL_SOCKET, SO_DOMAIN);
	int type = sockopt_get(fd, SOL_SOCKET, SO_TYPE);

	if (domain == -1 || type == -1)
		return -1;
	if (domain == AF_UNIX)
		return diag_unix_queue(fd);
	return type == SOCK_STREAM ? tcp_length(fd) : udp_length(fd);
}
