/* SPDX-License-Identifier: ISC */
/*
 * One question to the kernel over netlink(7), and its answer's messages.  This
 * module knows how messages are laid out, and nothing of what they say.
 */
#ifndef TRAFFIC_NETLINK_H
#define TRAFFIC_NETLINK_H

#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>

/* The room that a message of n bytes takes, its header included. */
#define NETLINK_SPACE(n) NLMSG_SPACE(n)

/* The room that an attribute of n bytes takes in a message. */
#define NETLINK_ATTR_SPACE(n) (NLA_HDRLEN + NLA_ALIGN(n))

/*
 * Begin a request in the caller's space, of NETLINK_SPACE(size) bytes at least.
 * The size bytes behind the header, zeroed, *borrowed*.
 */
void *netlink_begin(
    struct nlmsghdr *, uint16_t type, uint16_t flags, size_t size);

/* Add an attribute, for which the request has NETLINK_ATTR_SPACE(size). */
void netlink_put(
    struct nlmsghdr *, uint16_t type, const void *data, size_t size);

/*
 * Take one message of the answer: 1, go on; 0, this was all that is wanted; -1
 * with errno, the answer is no good.
 */
typedef int netlink_fn(const struct nlmsghdr *, void *arg);

/*
 * Ask, and take the answer's messages one after the other.  Never blocks.  -1
 * with errno: the kernel's, the function's, or EINTR if what was listed changed
 * meanwhile.
 */
int netlink_ask(
    int protocol, const struct nlmsghdr *request, netlink_fn *, void *arg);

/*
 * The size bytes behind a message's header, *borrowed*.  NULL with EBADMSG if
 * it is shorter.
 */
const void *netlink_payload(const struct nlmsghdr *, size_t size);

/*
 * The data of the attribute of this type behind the first size bytes of a
 * message, *borrowed*, with its length; NULL if there is none of need bytes.
 */
const void *netlink_find(const struct nlmsghdr *, size_t size, uint16_t type,
    size_t need, size_t *len);

#endif
