/* SPDX-License-Identifier: ISC */
/*
 * Reads the endpoint of a socket that somebody else has made.
 */
#include "traffic/endpoint.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/sockopt.h"

unsigned int
endpoint_device(int fd)
{
	int device = sockopt_get(fd, SOL_SOCKET, SO_BINDTOIFINDEX);

	return device > 0 ? (unsigned int)device : 0;
}

int
endpoint_address(int fd, int type, struct address *address)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	if (getsockname(fd, (struct sockaddr *)&ss, &len) == -1 ||
	    address_set(address, type, (struct sockaddr *)&ss, len) == -1)
		return -1;
	address_set_device(address, endpoint_device(fd));
	return 0;
}

int
endpoint_read(int fd, struct address *address, bool *v6only)
{
	int type = sockopt_get(fd, SOL_SOCKET, SO_TYPE);

	if (type == -1)
		return -1;
	if (type != SOCK_DGRAM &&
	    !sockopt_is_set(fd, SOL_SOCKET, SO_ACCEPTCONN)) {
		errno = EINVAL;
		return -1;
	}
	if (endpoint_address(fd, type, address) == -1)
		return -1;
	*v6only = address->sa.sa_family == AF_INET6 &&
	    sockopt_is_set(fd, IPPROTO_IPV6, IPV6_V6ONLY);
	return 0;
}
