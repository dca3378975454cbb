/* SPDX-License-Identifier: ISC */
/*
 * Questions to the kernel's socket diagnosis: the requests, and walking through
 * the answers.
 */
#include "traffic/diag.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "traffic/activity.h"

#define ANSWER_MAX 32768 /* the longest part of a dump, netlink(7) */
#define NO_COOKIE  UINT32_MAX

/*
 * SYN_RECV is left out, since no program has such a socket yet.  TIME_WAIT and
 * CLOSE are left out, since the connection has ended.
 */
#define CONNECTION_STATES                                                    \
	(1u << TCP_ESTABLISHED | 1u << TCP_FIN_WAIT1 | 1u << TCP_FIN_WAIT2 | \
	    1u << TCP_CLOSE_WAIT | 1u << TCP_LAST_ACK | 1u << TCP_CLOSING)

/* One test of a port: a comparison and its operand, then a jump. */
struct port_test {
	struct inet_diag_bc_op compare;
	struct inet_diag_bc_op operand;
	struct inet_diag_bc_op accept;
};

struct tcp_walk {
	diag_tcp_fn *fn;
	void *arg;
};

struct unix_walk {
	diag_unix_fn *fn;
	void *arg;
};

static int
ask(const struct nlmsghdr *request, mnl_cb_t fn, void *arg)
{
	char answer[ANSWER_MAX];
	struct mnl_socket *nl;
	ssize_t n;
	int r = -1, saved;

	nl = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (nl == NULL)
		return -1;
	if (mnl_socket_sendto(nl, request, request->nlmsg_len) == -1)
		goto out;
	do {
		n = mnl_socket_recvfrom(nl, answer, sizeof(answer));
		if (n == -1) {
			r = -1;
			goto out;
		}
		r = mnl_cb_run(answer, n, 0, 0, fn, arg);
	} while (r > MNL_CB_STOP);
out:
	saved = errno;
	mnl_socket_close(nl);
	errno = saved;
	return r;
}

/* Begin a request of any family. */
static void *
begin(struct nlmsghdr *header, uint16_t flags, size_t size)
{
	header->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	header->nlmsg_flags = NLM_F_REQUEST | flags;
	return mnl_nlmsg_put_extra_header(header, size);
}

/*
 * The kernel accepts a socket when the code ends exactly at its end, and
 * refuses it when a jump leads beyond that, inet_diag_bc_run() in
 * net/ipv4/inet_diag.c.
 */
static struct port_test *
compile_ports(const uint16_t *ports, size_t n, size_t *len)
{
	struct port_test *code;
	size_t i, one = sizeof(struct inet_diag_bc_op);

	if (n == 0 || n > UINT16_MAX / sizeof(*code)) {
		errno = EINVAL;
		return NULL;
	}
	if ((code = calloc(n, sizeof(*code))) == NULL)
		return NULL;
	*len = n * sizeof(*code) - one;
	for (i = 0; i < n; i++) {
		code[i].compare.code = INET_DIAG_BC_S_EQ;
		code[i].compare.yes = 2 * one;
		code[i].compare.no = sizeof(*code);
		code[i].operand.no = ports[i];
		code[i].accept.code = INET_DIAG_BC_JMP;
		code[i].accept.yes = one;
		code[i].accept.no = *len - i * sizeof(*code) - 2 * one;
	}
	return code;
}

static int
take_tcp(const struct nlmsghdr *header, void *arg)
{
	const struct tcp_walk *walk = arg;
	const struct nlattr *attr;
	struct activity activity;
	bool told = false;

	if (mnl_nlmsg_get_payload_len(header) < sizeof(struct inet_diag_msg)) {
		errno = EBADMSG;
		return MNL_CB_ERROR;
	}
	mnl_attr_for_each(attr, header, sizeof(struct inet_diag_msg))
	{
		if (mnl_attr_get_type(attr) == INET_DIAG_INFO) {
			activity_parse(mnl_attr_get_payload(attr),
			    mnl_attr_get_payload_len(attr), &activity);
			told = true;
		}
	}
	walk->fn(
	    mnl_nlmsg_get_payload(header), told ? &activity : NULL, walk->arg);
	return MNL_CB_OK;
}

int
diag_tcp(int family, const uint16_t *ports, size_t n, bool active,
    diag_tcp_fn *fn, void *arg)
{
	struct tcp_walk walk = { .fn = fn, .arg = arg };
	struct inet_diag_req_v2 *request;
	struct nlmsghdr *header;
	struct port_test *code;
	char *space = NULL;
	size_t len;
	int r = -1;

	if ((code = compile_ports(ports, n, &len)) == NULL)
		return -1;
	space = malloc(MNL_NLMSG_HDRLEN + sizeof(*request) +
	    MNL_ALIGN(sizeof(struct nlattr) + len));
	if (space == NULL)
		goto out;
	header = mnl_nlmsg_put_header(space);
	request = begin(header, NLM_F_DUMP, sizeof(*request));
	request->sdiag_family = family;
	request->sdiag_protocol = IPPROTO_TCP;
	request->idiag_states = CONNECTION_STATES;
	request->idiag_ext = active ? 1 << (INET_DIAG_INFO - 1) : 0;
	mnl_attr_put(header, INET_DIAG_REQ_BYTECODE, len, code);
	r = ask(header, take_tcp, &walk);
out:
	free(space);
	free(code);
	return r;
}

static int
take_unix(const struct nlmsghdr *header, void *arg)
{
	const struct unix_diag_msg *socket = mnl_nlmsg_get_payload(header);
	const struct unix_walk *walk = arg;
	const struct nlattr *attr;

	mnl_attr_for_each(attr, header, sizeof(*socket))
	{
		if (mnl_attr_get_type(attr) == UNIX_DIAG_NAME)
			walk->fn(socket->udiag_ino, mnl_attr_get_payload(attr),
			    mnl_attr_get_payload_len(attr), walk->arg);
	}
	return MNL_CB_OK;
}

int
diag_unix(diag_unix_fn *fn, void *arg)
{
	char space[MNL_NLMSG_HDRLEN + sizeof(struct unix_diag_req)];
	struct nlmsghdr *header = mnl_nlmsg_put_header(space);
	struct unix_walk walk = { .fn = fn, .arg = arg };
	struct unix_diag_req *request;

	request = begin(header, NLM_F_DUMP, sizeof(*request));
	request->sdiag_family = AF_UNIX;
	request->udiag_states = 1u << TCP_ESTABLISHED;
	request->udiag_show = UDIAG_SHOW_NAME;
	return ask(header, take_unix, &walk);
}

/*
 * A lookup that finds no connection falls back to the listening socket: the
 * handshake is not complete or waits for data, TCP_DEFER_ACCEPT in tcp(7).
 */
static int
see_tcp(const struct nlmsghdr *header, void *arg)
{
	const struct inet_diag_msg *socket = mnl_nlmsg_get_payload(header);
	unsigned int *inode = arg;

	if (socket->idiag_state != TCP_LISTEN)
		*inode = socket->idiag_inode;
	return MNL_CB_STOP;
}

static void
put_address(const struct sockaddr_storage *sa, __be16 *port, __be32 *address)
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)sa;
	const struct sockaddr_in *four = (const struct sockaddr_in *)sa;

	if (sa->ss_family == AF_INET6) {
		memcpy(port, &six->sin6_port, sizeof(*port));
		memcpy(address, &six->sin6_addr, sizeof(six->sin6_addr));
	} else {
		memcpy(port, &four->sin_port, sizeof(*port));
		memcpy(address, &four->sin_addr, sizeof(four->sin_addr));
	}
}

/* Ask for the server's end, whose own address is our peer's address. */
static int
ask_tcp(const struct sockaddr_storage *own, int fd, unsigned int *inode)
{
	char space[MNL_NLMSG_HDRLEN + sizeof(struct inet_diag_req_v2)];
	struct nlmsghdr *header = mnl_nlmsg_put_header(space);
	struct inet_diag_req_v2 *request;
	struct sockaddr_storage peer = { 0 };
	socklen_t len = sizeof(peer);

	if (getpeername(fd, (struct sockaddr *)&peer, &len) == -1)
		return -1;
	request = begin(header, 0, sizeof(*request));
	request->sdiag_family = own->ss_family;
	request->sdiag_protocol = IPPROTO_TCP;
	request->id.idiag_cookie[0] = NO_COOKIE;
	request->id.idiag_cookie[1] = NO_COOKIE;
	put_address(&peer, &request->id.idiag_sport, request->id.idiag_src);
	put_address(own, &request->id.idiag_dport, request->id.idiag_dst);
	return ask(header, see_tcp, inode);
}

static int
see_unix(const struct nlmsghdr *header, void *arg)
{
	unsigned int *inode = arg;
	const struct nlattr *attr;

	mnl_attr_for_each(attr, header, sizeof(struct unix_diag_msg))
	{
		if (mnl_attr_get_type(attr) == UNIX_DIAG_PEER)
			*inode = mnl_attr_get_u32(attr);
	}
	return MNL_CB_STOP;
}

static int
see_unix_queue(const struct nlmsghdr *header, void *arg)
{
	const struct unix_diag_rqlen *length;
	const struct nlattr *attr;

	mnl_attr_for_each(attr, header, sizeof(struct unix_diag_msg))
	{
		if (mnl_attr_get_type(attr) != UNIX_DIAG_RQLEN)
			continue;
		length = mnl_attr_get_payload(attr);
		*(int *)arg = (int)length->udiag_rqueue;
	}
	return MNL_CB_STOP;
}

static int
ask_inode(unsigned int inode, unsigned int show, mnl_cb_t fn, void *arg)
{
	char space[MNL_NLMSG_HDRLEN + sizeof(struct unix_diag_req)];
	struct nlmsghdr *header = mnl_nlmsg_put_header(space);
	struct unix_diag_req *request;

	request = begin(header, 0, sizeof(*request));
	request->sdiag_family = AF_UNIX;
	request->udiag_states = UINT32_MAX;
	request->udiag_ino = inode;
	request->udiag_show = show;
	request->udiag_cookie[0] = NO_COOKIE;
	request->udiag_cookie[1] = NO_COOKIE;
	return ask(header, fn, arg);
}

static int
ask_unix(int fd, unsigned int show, mnl_cb_t fn, void *arg)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return -1;
	return ask_inode((unsigned int)st.st_ino, show, fn, arg);
}

int
diag_accepted(int fd)
{
	struct sockaddr_storage own = { 0 };
	socklen_t len = sizeof(own);
	unsigned int inode = 0;
	int r;

	if (getsockname(fd, (struct sockaddr *)&own, &len) == -1)
		return -1;
	if (own.ss_family == AF_UNIX)
		r = ask_unix(fd, UDIAG_SHOW_PEER, see_unix, &inode);
	else
		r = ask_tcp(&own, fd, &inode);
	return r == -1 ? -1 : inode != 0;
}

int
diag_unix_queue(int fd)
{
	int length = -1;

	if (ask_unix(fd, UDIAG_SHOW_RQLEN, see_unix_queue, &length) == -1)
		return -1;
	if (length == -1)
		errno = ENODATA;
	return length;
}

/* What is searched for, and whether it was found. */
struct listening {
	const struct inet_diag_req_v2 *request;
	bool found;
};

/* If no socket is at the address, the kernel returns one at the wildcard. */
static int
see_listening(const struct nlmsghdr *header, void *arg)
{
	const struct inet_diag_msg *socket = mnl_nlmsg_get_payload(header);
	struct listening *listening = arg;
	const struct inet_diag_sockid *id = &listening->request->id;

	listening->found = socket->idiag_state == TCP_LISTEN &&
	    socket->id.idiag_sport == id->idiag_sport &&
	    memcmp(socket->id.idiag_src, id->idiag_src,
		sizeof(id->idiag_src)) == 0;
	return MNL_CB_STOP;
}

static int
see_unix_listening(const struct nlmsghdr *header, void *arg)
{
	const struct unix_diag_msg *socket = mnl_nlmsg_get_payload(header);

	*(bool *)arg = socket->udiag_state == TCP_LISTEN;
	return MNL_CB_STOP;
}

static int
ask_listening(const struct sockaddr *sa, unsigned int device, bool *found)
{
	char space[MNL_NLMSG_HDRLEN + sizeof(struct inet_diag_req_v2)];
	struct nlmsghdr *header = mnl_nlmsg_put_header(space);
	struct inet_diag_req_v2 *request;
	struct listening listening;
	int r;

	request = begin(header, 0, sizeof(*request));
	request->sdiag_family = sa->sa_family;
	request->sdiag_protocol = IPPROTO_TCP;
	request->id.idiag_cookie[0] = NO_COOKIE;
	request->id.idiag_cookie[1] = NO_COOKIE;
	request->id.idiag_if = device;
	put_address((const struct sockaddr_storage *)sa,
	    &request->id.idiag_sport, request->id.idiag_src);
	listening = (struct listening){ .request = request };
	r = ask(header, see_listening, &listening);
	*found = listening.found;
	return r;
}

int
diag_listens(const struct sockaddr *sa, unsigned int device, unsigned int inode)
{
	bool found = false;
	int r;

	if (sa->sa_family == AF_UNIX)
		r = ask_inode(inode, 0, see_unix_listening, &found);
	else
		r = ask_listening(sa, device, &found);
	if (r == -1 && errno != ENOENT)
		return -1;
	return found;
}
