/* SPDX-License-Identifier: ISC */
/*
 * One question to the kernel over netlink(7), and its answer's messages.
 */
#include "traffic/netlink.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_MAX 32768 /* the longest part of a dump, netlink(7) */

void *
netlink_begin(
    struct nlmsghdr *header, uint16_t type, uint16_t flags, size_t size)
{
	memset(header, 0, NLMSG_SPACE(size));
	header->nlmsg_len = NLMSG_SPACE(size);
	header->nlmsg_type = type;
	header->nlmsg_flags = NLM_F_REQUEST | flags;
	return NLMSG_DATA(header);
}

void
netlink_put(
    struct nlmsghdr *header, uint16_t type, const void *data, size_t size)
{
	struct nlattr *attr =
	    (struct nlattr *)((char *)header + header->nlmsg_len);

	memset(attr, 0, NETLINK_ATTR_SPACE(size));
	attr->nla_type = type;
	attr->nla_len = NLA_HDRLEN + size;
	memcpy((char *)attr + NLA_HDRLEN, data, size);
	header->nlmsg_len += NETLINK_ATTR_SPACE(size);
}

/* A socket that speaks to the kernel alone. */
static int
open_to_kernel(int protocol)
{
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	int saved, fd;

	fd = socket(
	    AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
	if (fd == -1 ||
	    connect(fd, (const struct sockaddr *)&kernel, sizeof(kernel)) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

/* An error of 0 is an acknowledgement. */
static int
take_error(const struct nlmsghdr *header)
{
	const struct nlmsgerr *error = netlink_payload(header, sizeof(*error));

	if (error == NULL || error->error == 0)
		return error == NULL ? -1 : 0;
	errno = -error->error;
	return -1;
}

static int
take(const struct nlmsghdr *header, netlink_fn *fn, void *arg)
{
	if ((header->nlmsg_flags & NLM_F_DUMP_INTR) != 0) {
		errno = EINTR;
		return -1;
	}
	if (header->nlmsg_type == NLMSG_ERROR)
		return take_error(header);
	if (header->nlmsg_type == NLMSG_DONE)
		return 0;
	return header->nlmsg_type < NLMSG_MIN_TYPE ? 1 : fn(header, arg);
}

static int
take_part(int fd, netlink_fn *fn, void *arg)
{
	union {
		struct nlmsghdr header;
		char bytes[ANSWER_MAX];
	} part;
	const struct nlmsghdr *header = &part.header;
	ssize_t n = recv(fd, &part, sizeof(part), MSG_TRUNC);
	int left = n, r = 1;

	if (n == -1)
		return -1;
	if (n > (ssize_t)sizeof(part)) {
		errno = ENOSPC;
		return -1;
	}
	while (r > 0 && NLMSG_OK(header, left)) {
		r = take(header, fn, arg);
		header = NLMSG_NEXT(header, left);
	}
	return r;
}

int
netlink_ask(
    int protocol, const struct nlmsghdr *request, netlink_fn *fn, void *arg)
{
	int fd = open_to_kernel(protocol), r = -1, saved;

	if (fd == -1)
		return -1;
	if (send(fd, request, request->nlmsg_len, 0) != -1)
		do
			r = take_part(fd, fn, arg);
		while (r > 0);
	saved = errno;
	close(fd);
	errno = saved;
	return r;
}

const void *
netlink_payload(const struct nlmsghdr *header, size_t size)
{
	if (header->nlmsg_len >= NLMSG_LENGTH(size))
		return NLMSG_DATA(header);
	errno = EBADMSG;
	return NULL;
}

const void *
netlink_find(const struct nlmsghdr *header, size_t size, uint16_t type,
    size_t need, size_t *len)
{
	const char *at = (const char *)header + NLMSG_SPACE(size);
	const char *end = (const char *)header + header->nlmsg_len;
	const struct nlattr *attr;

	while (end - at >= NLA_HDRLEN) {
		attr = (const struct nlattr *)at;
		if (attr->nla_len < NLA_HDRLEN || attr->nla_len > end - at)
			return NULL;
		if ((attr->nla_type & NLA_TYPE_MASK) == type) {
			*len = attr->nla_len - NLA_HDRLEN;
			return *len >= need ? at + NLA_HDRLEN : NULL;
		}
		at += NLA_ALIGN(attr->nla_len);
	}
	return NULL;
}
