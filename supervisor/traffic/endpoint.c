/* SPDX-License-Identifier: ISC */
/*
 * Reads the endpoint of a socket that somebody else has made.
 */
#include "traffic/endpoint.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/sockopt.h"

int
endpoint_read(int fd, struct address *address, bool *v6only)
{
	int type = sockopt_get(fd, SOL_SOCKET, SO_TYPE);
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	if (type == -1 || getsockname(fd, (struct sockaddr *)&ss, &len) == -1)
		return -1;
	if (type != SOCK_DGRAM &&
	    !sockopt_is_set(fd, SOL_SOCKET, SO_ACCEPTCONN)) {
		errno = EINVAL;
		return -1;
	}
	*v6only = ss.ss_family == AF_INET6 &&
	    sockopt_is_set(fd, IPPROTO_IPV6, IPV6_V6ONLY);
	return address_set(address, type, (struct sockaddr *)&ss, len);
}
