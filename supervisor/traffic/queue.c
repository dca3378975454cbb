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

/* The answer is of no use, but waits for the socket's lock. */
void
queue_await_shutdown(int fd)
{
	socklen_t len = 0;

	(void)getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, NULL, &len);
}

bool
queue_is_closed(int fd)
{
	struct tcp_info info;

	return fd == -1 ||
	    (tcp_info(fd, &info) == 0 && info.tcpi_state != STATE_LISTEN);
}

/*
 * For a listening socket tcpi_unacked is the length of the accept queue.  -1:
 * it is no socket of TCP.
 */
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
	int length = tcp_length(fd);

	if (length != -1)
		return length;
	return sockopt_get(fd, SOL_SOCKET, SO_DOMAIN) == AF_UNIX
	    ? diag_unix_queue(fd)
	    : udp_length(fd);
}
