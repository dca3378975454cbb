/* SPDX-License-Identifier: ISC */
/*
 * Reads the groups of all devices, and asks for each of them which senders the
 * socket lets through: EADDRNOTAVAIL if it is no member.
 */
#include "traffic/memberships.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/sockopt.h"

#define GROUPS_MAX (1 << 20) /* bytes of a list */
#define SENDERS	   64	     /* of a group; one with more is not copied */

/* A group, and room for its senders: MCAST_MSFILTER. */
union filter {
	struct group_filter group;
	char room[GROUP_FILTER_SIZE(SENDERS)];
};

static void
copy_group(int from, int to, int level, unsigned int device,
    const struct sockaddr_storage *group)
{
	struct group_req member = { .gr_interface = device,
		.gr_group = *group };
	union filter filter = { 0 };
	socklen_t len = sizeof(filter);

	filter.group.gf_interface = device;
	filter.group.gf_group = *group;
	filter.group.gf_numsrc = SENDERS;
	if (getsockopt(from, level, MCAST_MSFILTER, &filter, &len) == -1 ||
	    filter.group.gf_numsrc > SENDERS ||
	    setsockopt(to, level, MCAST_JOIN_GROUP, &member, sizeof(member)) ==
		-1)
		return;
	/* All senders is what a new member has. */
	if (filter.group.gf_fmode == MCAST_INCLUDE ||
	    filter.group.gf_numsrc > 0)
		setsockopt(to, level, MCAST_MSFILTER, &filter,
		    (socklen_t)GROUP_FILTER_SIZE(filter.group.gf_numsrc));
}

/*
 * /proc/net/igmp: a line for each device, which begins with its number; then a
 * line for each group, which begins with the address as it is in memory.
 */
static void
take_line4(char *line, int from, int to, unsigned int *device)
{
	struct sockaddr_storage group = { 0 };
	struct sockaddr_in *in = (void *)&group;
	char *end;

	if (line[0] != '\t') {
		*device = (unsigned int)strtoul(line, NULL, 10);
		return;
	}
	in->sin_family = AF_INET;
	in->sin_addr.s_addr = (in_addr_t)strtoul(line, &end, 16);
	if (end != line && *device != 0)
		copy_group(from, to, IPPROTO_IP, *device, &group);
}

/* /proc/net/igmp6: device, its name, the group in 32 digits, ... */
static void
take_line6(char *line, int from, int to, unsigned int *device)
{
	struct sockaddr_storage group = { 0 };
	struct sockaddr_in6 *in6 = (void *)&group;
	char digits[33];
	unsigned int byte;
	size_t i;

	if (sscanf(line, "%u %*s %32s", device, digits) != 2 ||
	    strlen(digits) != 32)
		return;
	in6->sin6_family = AF_INET6;
	for (i = 0; i < 16; i++) {
		if (sscanf(digits + 2 * i, "%2x", &byte) != 1)
			return;
		in6->sin6_addr.s6_addr[i] = (uint8_t)byte;
	}
	copy_group(from, to, IPPROTO_IPV6, *device, &group);
}

static void
copy_list(const char *path, int from, int to,
    void (*take)(char *line, int from, int to, unsigned int *device))
{
	char *text = fd_read_file(path, GROUPS_MAX, NULL), *rest = text, *line;
	unsigned int device = 0;

	while ((line = strsep(&rest, "\n")) != NULL)
		take(line, from, to, &device);
	free(text);
}

void
memberships_copy(int from, int to)
{
	if (sockopt_get(from, SOL_SOCKET, SO_TYPE) != SOCK_DGRAM)
		return;
	copy_list("/proc/net/igmp", from, to, take_line4);
	if (sockopt_get(from, SOL_SOCKET, SO_DOMAIN) == AF_INET6)
		copy_list("/proc/net/igmp6", from, to, take_line6);
}
