/* SPDX-License-Identifier: ISC */
/*
 * Questions to the kernel's socket diagnosis: the requests, and walking through
 * the answers.
 */
#include "traffic/diag.h"

#include <errno.h>
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
#include "traffic/netlink.h"

#define NO_COOKIE UINT32_MAX

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
ask(const struct nlmsghdr *request, netlink_fn *fn, void *arg)
{
	return netlink_ask(NETLINK_SOCK_DIAG, request, fn, arg);
}

/* Begin a request of any family. */
static void *
begin(void *space, uint16_t flags, size_t size)
{
	return netlink_begin(space, SOCK_DIAG_BY_FAMILY, flags, size);
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

	if (n > UINT16_MAX / sizeof(*code)) {
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
	const struct inet_diag_msg *socket =
	    netlink_payload(header, sizeof(*socket));
	const struct tcp_walk *walk = arg;
	struct activity activity;
	const void *info;
	size_t len;

	if (socket == NULL)
		return -1;
	info = netlink_find(header, sizeof(*socket), INET_DIAG_INFO, 0, &len);
	if (info != NULL)
		activity_parse(info, len, &activity);
	walk->fn(socket, info != NULL ? &activity : NULL, walk->arg);
	return 1;
}

int
diag_tcp(int family, const uint16_t *ports, size_t n, enum diag_what what,
    diag_tcp_fn *fn, void *arg)
{
	struct tcp_walk walk = { .fn = fn, .arg = arg };
	struct inet_diag_req_v2 *request;
	struct nlmsghdr *header = NULL;
	struct port_test *code = NULL;
	size_t len = 0;
	int r = -1;

	if (n > 0 && (code = compile_ports(ports, n, &len)) == NULL)
		return -1;
	header =
	    malloc(NETLINK_SPACE(sizeof(*request)) + NETLINK_ATTR_SPACE(len));
	if (header == NULL)
		goto out;
	request = begin(header, NLM_F_DUMP, sizeof(*request));
	request->sdiag_family = family;
	request->sdiag_protocol = IPPROTO_TCP;
	request->idiag_states =
	    what == DIAG_LISTENING ? 1u << TCP_LISTEN : CONNECTION_STATES;
	if (what == DIAG_HANDSHAKES)
		request->idiag_states |= 1u << TCP_SYN_RECV;
	if (what == DIAG_ACTIVITY)
		request->idiag_ext = 1 << (INET_DIAG_INFO - 1);
	if (n > 0)
		netlink_put(header, INET_DIAG_REQ_BYTECODE, code, len);
	r = ask(header, take_tcp, &walk);
out:
	free(header);
	free(code);
	return r;
}

static int
take_unix(const struct nlmsghdr *header, void *arg)
{
	const struct unix_diag_msg *socket =
	    netlink_payload(header, sizeof(*socket));
	const struct unix_walk *walk = arg;
	const char *name;
	size_t len;

	if (socket == NULL)
		return -1;
	name = netlink_find(header, sizeof(*socket), UNIX_DIAG_NAME, 0, &len);
	if (name != NULL)
		walk->fn(socket->udiag_ino, name, len, walk->arg);
	return 1;
}

int
diag_unix(diag_unix_fn *fn, void *arg)
{
	union {
		struct nlmsghdr header;
		char bytes[NETLINK_SPACE(sizeof(struct unix_diag_req))];
	} space;
	struct unix_walk walk = { .fn = fn, .arg = arg };
	struct unix_diag_req *request;

	request = begin(&space, NLM_F_DUMP, sizeof(*request));
	request->sdiag_family = AF_UNIX;
	request->udiag_states = 1u << TCP_ESTABLISHED;
	request->udiag_show = UDIAG_SHOW_NAME;
	return ask(&space.header, take_unix, &walk);
}

/*
 * A lookup that finds no connection falls back to the listening socket: the
 * handshake is not complete or waits for data, TCP_DEFER_ACCEPT in tcp(7).
 */
static int
see_tcp(const struct nlmsghdr *header, void *arg)
{
	const struct inet_diag_msg *socket =
	    netlink_payload(header, sizeof(*socket));
	unsigned int *inode = arg;

	if (socket == NULL)
		return -1;
	if (socket->idiag_state != TCP_LISTEN)
		*inode = socket->idiag_inode;
	return 0;
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
	union {
		struct nlmsghdr header;
		char bytes[NETLINK_SPACE(sizeof(struct inet_diag_req_v2))];
	} space;
	struct inet_diag_req_v2 *request;
	struct sockaddr_storage peer = { 0 };
	socklen_t len = sizeof(peer);

	if (getpeername(fd, (struct sockaddr *)&peer, &len) == -1)
		return -1;
	request = begin(&space, 0, sizeof(*request));
	request->sdiag_family = own->ss_family;
	request->sdiag_protocol = IPPROTO_TCP;
	request->id.idiag_cookie[0] = NO_COOKIE;
	request->id.idiag_cookie[1] = NO_COOKIE;
	put_address(&peer, &request->id.idiag_sport, request->id.idiag_src);
	put_address(own, &request->id.idiag_dport, request->id.idiag_dst);
	return ask(&space.header, see_tcp, inode);
}

static int
see_unix(const struct nlmsghdr *header, void *arg)
{
	const uint32_t *peer;
	size_t len;

	peer = netlink_find(header, sizeof(struct unix_diag_msg),
	    UNIX_DIAG_PEER, sizeof(*peer), &len);
	if (peer != NULL)
		*(unsigned int *)arg = *peer;
	return 0;
}

static int
see_unix_queue(const struct nlmsghdr *header, void *arg)
{
	const struct unix_diag_rqlen *length;
	size_t len;

	length = netlink_find(header, sizeof(struct unix_diag_msg),
	    UNIX_DIAG_RQLEN, sizeof(*length), &len);
	if (length != NULL)
		*(int *)arg = (int)length->udiag_rqueue;
	return 0;
}

static int
ask_inode(unsigned int inode, unsigned int show, netlink_fn *fn, void *arg)
{
	union {
		struct nlmsghdr header;
		char bytes[NETLINK_SPACE(sizeof(struct unix_diag_req))];
	} space;
	struct unix_diag_req *request;

	request = begin(&space, 0, sizeof(*request));
	request->sdiag_family = AF_UNIX;
	request->udiag_states = UINT32_MAX;
	request->udiag_ino = inode;
	request->udiag_show = show;
	request->udiag_cookie[0] = NO_COOKIE;
	request->udiag_cookie[1] = NO_COOKIE;
	return ask(&space.header, fn, arg);
}

static int
ask_unix(int fd, unsigned int show, netlink_fn *fn, void *arg)
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
	const struct inet_diag_msg *socket =
	    netlink_payload(header, sizeof(*socket));
	struct listening *listening = arg;
	const struct inet_diag_sockid *id = &listening->request->id;

	if (socket == NULL)
		return -1;
	listening->found = socket->idiag_state == TCP_LISTEN &&
	    socket->id.idiag_sport == id->idiag_sport &&
	    memcmp(socket->id.idiag_src, id->idiag_src,
		sizeof(id->idiag_src)) == 0;
	return 0;
}

static int
see_unix_listening(const struct nlmsghdr *header, void *arg)
{
	const struct unix_diag_msg *socket =
	    netlink_payload(header, sizeof(*socket));

	if (socket == NULL)
		return -1;
	*(bool *)arg = socket->udiag_state == TCP_LISTEN;
	return 0;
}

static int
ask_listening(const struct sockaddr *sa, unsigned int device, bool *found)
{
	union {
		struct nlmsghdr header;
		char bytes[NETLINK_SPACE(sizeof(struct inet_diag_req_v2))];
	} space;
	struct inet_diag_req_v2 *request;
	struct listening listening;
	int r;

	request = begin(&space, 0, sizeof(*request));
	request->sdiag_family = sa->sa_family;
	request->sdiag_protocol = IPPROTO_TCP;
	request->id.idiag_cookie[0] = NO_COOKIE;
	request->id.idiag_cookie[1] = NO_COOKIE;
	request->id.idiag_if = device;
	put_address((const struct sockaddr_storage *)sa,
	    &request->id.idiag_sport, request->id.idiag_src);
	listening = (struct listening){ .request = request };
	r = ask(&space.header, see_listening, &listening);
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
