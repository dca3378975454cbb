/* SPDX-License-Identifier: ISC */
/*
 * The kernel's answers: TCP_INFO, tcp(7), for TCP; SO_MEMINFO, socket(7),
 * for UDP; the socket diagnosis, sock_diag(7), for Unix sockets.
 */
#include "traffic/queue.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* In the kernel's include/linux/net.h, not told to programs. */
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

/* On a listening socket tcpi_unacked is the accept queue's length. */
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

static int
read_attribute(const struct nlattr *attr, void *data)
{
	const struct unix_diag_rqlen *length;

	if (mnl_attr_get_type(attr) == UNIX_DIAG_RQLEN) {
		length = mnl_attr_get_payload(attr);
		*(int *)data = (int)length->udiag_rqueue;
	}
	return MNL_CB_OK;
}

static int
read_answer(const struct nlmsghdr *header, void *data)
{
	return mnl_attr_parse(
	    header, sizeof(struct unix_diag_msg), read_attribute, data);
}

static int
ask(struct mnl_socket *netlink, ino_t inode)
{
	char buf[512] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct unix_diag_req *request;
	struct nlmsghdr *header;
	int length = -1;
	ssize_t n;

	header = mnl_nlmsg_put_header(buf);
	header->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	header->nlmsg_flags = NLM_F_REQUEST;
	request = mnl_nlmsg_put_extra_header(header, sizeof(*request));
	request->sdiag_family = AF_UNIX;
	request->udiag_states = UINT32_MAX;
	request->udiag_ino = (uint32_t)inode;
	request->udiag_show = UDIAG_SHOW_RQLEN;
	request->udiag_cookie[0] = request->udiag_cookie[1] = UINT32_MAX;
	if (mnl_socket_sendto(netlink, header, header->nlmsg_len) == -1)
		return -1;
	n = mnl_socket_recvfrom(netlink, buf, sizeof(buf));
	if (n == -1 || mnl_cb_run(buf, n, 0, 0, read_answer, &length) == -1)
		return -1;
	if (length == -1)
		errno = ENODATA;
	return length;
}

static int
unix_length(int fd)
{
	struct mnl_socket *netlink;
	struct stat st;
	int length;

	if (fstat(fd, &st) == -1)
		return -1;
	netlink = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);
	if (netlink == NULL)
		return -1;
	length = ask(netlink, st.st_ino);
	mnl_socket_close(netlink);
	return length;
}

int
queue_length(int fd)
{
	int domain, type;
	socklen_t len = sizeof(int);

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == -1 ||
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == -1)
		return -1;
	if (domain == AF_UNIX)
		return unix_length(fd);
	return type == SOCK_STREAM ? tcp_length(fd) : udp_length(fd);
}
